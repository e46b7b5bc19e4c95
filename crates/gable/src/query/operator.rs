//! Operators of filters, including those of Prisma under their names there.

use super::condition::{Case, Comparison, Condition, Place};
use super::refusal::Refusal;
use crate::meta::FieldKind;

/// The comparison that a filter makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Equals,
    Differs,
    Compares(Comparison),
    In,
    NotIn,
    Text(Place, Case),
    IsNull,
    /// For lists: whether these values are among the elements.
    Has(Elements),
    /// An empty text, or a list without elements.
    IsEmpty,
}

/// How many of the values a list must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Elements {
    One,
    Some,
    Every,
}

impl Operator {
    pub(super) fn named(name: &str) -> Option<Self> {
        use Case::{Insensitive, Sensitive};
        Some(match name {
            "eq" | "equals" => Operator::Equals,
            "ne" => Operator::Differs,
            "gt" => Operator::Compares(Comparison::Greater),
            "gte" => Operator::Compares(Comparison::GreaterOrEqual),
            "lt" => Operator::Compares(Comparison::Less),
            "lte" => Operator::Compares(Comparison::LessOrEqual),
            "in" | "or" => Operator::In,
            "notIn" => Operator::NotIn,
            "contains" => Operator::Text(Place::Anywhere, Sensitive),
            "startsWith" => Operator::Text(Place::Start, Sensitive),
            "endsWith" => Operator::Text(Place::End, Sensitive),
            "icontains" => Operator::Text(Place::Anywhere, Insensitive),
            "istartsWith" => Operator::Text(Place::Start, Insensitive),
            "iendsWith" => Operator::Text(Place::End, Insensitive),
            "isNull" => Operator::IsNull,
            "has" => Operator::Has(Elements::One),
            "hasSome" => Operator::Has(Elements::Some),
            "hasEvery" => Operator::Has(Elements::Every),
            "isEmpty" => Operator::IsEmpty,
            _ => return None,
        })
    }

    /// Whether it compares with several values.
    pub(super) fn takes_list(self) -> bool {
        matches!(self, Operator::In | Operator::NotIn | Operator::Has(Elements::Some | Elements::Every))
    }

    /// The variant for `mode: insensitive`; `None` if case does not matter to the operator.
    pub(super) fn insensitive(self) -> Option<Self> {
        match self {
            Operator::Text(place, _) => Some(Operator::Text(place, Case::Insensitive)),
            _ => None,
        }
    }

    /// Whether the operator applies to values of this type.
    pub(super) fn takes(self, kind: FieldKind) -> bool {
        match self {
            Operator::IsNull => kind != FieldKind::Password,
            Operator::Has(_) => matches!(kind, FieldKind::EnumList(_)),
            Operator::IsEmpty => is_text(kind) || matches!(kind, FieldKind::EnumList(_)),
            Operator::Text(..) => is_text(kind),
            Operator::Compares(_) => {
                is_comparable(kind) && !matches!(kind, FieldKind::Boolean | FieldKind::Enum(_) | FieldKind::Uuid)
            }
            Operator::Equals | Operator::Differs | Operator::In | Operator::NotIn => is_comparable(kind),
        }
    }
}

/// The words after a field: an operator, and whether it is negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ending {
    pub(super) negated: bool,
    pub(super) operator: Operator,
}

impl Ending {
    /// Reads the words after a field, which may include `not`; without an operator, it is equality.
    pub(super) fn read(words: &[&str]) -> Result<Self, Refusal> {
        let nots = words.iter().take_while(|word| **word == "not").count();
        let operator = match &words[nots..] {
            [] => Operator::Equals,
            [name] => Operator::named(name).ok_or_else(|| no_operator(name))?,
            _ => return Err(Refusal::Unknown),
        };
        Ok(Self::turned(nots % 2 == 1, operator))
    }

    /// Simplifies a negated operator where another one expresses it: `not` of `equals` is `ne`.
    fn turned(negated: bool, operator: Operator) -> Self {
        match (negated, operator) {
            (true, Operator::Equals) => Self { negated: false, operator: Operator::Differs },
            (true, Operator::Differs) => Self { negated: false, operator: Operator::Equals },
            (true, Operator::In) => Self { negated: false, operator: Operator::NotIn },
            (true, Operator::NotIn) => Self { negated: false, operator: Operator::In },
            _ => Self { negated, operator },
        }
    }

    pub(super) fn around(self, condition: Condition) -> Condition {
        if self.negated { Condition::Not(Box::new(condition)) } else { condition }
    }
}

/// Prisma's `mode`: whether the text operators of one field ignore case.
///
/// # Errors
/// `Mismatch` for any other word.
pub(super) fn is_insensitive(mode: Option<&str>) -> Result<bool, Refusal> {
    match mode {
        Some("insensitive") => Ok(true),
        Some("default") => Ok(false),
        _ => Err(Refusal::Mismatch("insensitive or default".to_owned())),
    }
}

/// Refuses a `mode` without an operator that it applies to.
pub(super) const NO_MODE: Refusal =
    Refusal::Instead("'mode' is of 'contains', 'startsWith' and 'endsWith' of the same field");

/// Refuses a known operator that does not apply to this type.
pub(super) fn not_taken(operator: Operator, kind: FieldKind) -> Refusal {
    match (operator, kind) {
        (Operator::Has(_), _) => Refusal::Instead("'has', 'hasSome' and 'hasEvery' are of lists, write 'in'"),
        (Operator::IsEmpty, _) => Refusal::Instead("'isEmpty' is of texts and lists, write 'isNull'"),
        (Operator::Equals | Operator::Differs | Operator::In | Operator::NotIn, FieldKind::EnumList(_)) => {
            Refusal::Instead("a list is asked with 'has', 'hasSome', 'hasEvery' or 'isEmpty'")
        }
        _ => Refusal::Unknown,
    }
}

/// Refuses an unknown operator, and names the replacement for operators of Prisma.
pub(super) fn no_operator(word: &str) -> Refusal {
    match word {
        "search" => Refusal::Instead("write 'contains' or 'icontains', or the parameter 'search'"),
        "isSet" => Refusal::Instead("write 'isNull'"),
        "is" | "isNot" => Refusal::Instead("'is' and 'isNot' are of relations, write 'eq' or 'ne'"),
        "path" | "string_contains" | "string_starts_with" | "string_ends_with" | "array_contains"
        | "array_starts_with" | "array_ends_with" => {
            Refusal::Instead("within JSON nothing is compared, write 'isNull'")
        }
        _ => Refusal::Unknown,
    }
}

/// Types whose values can be compared and sorted.
pub(super) fn is_comparable(kind: FieldKind) -> bool {
    !matches!(kind, FieldKind::Json | FieldKind::EnumList(_) | FieldKind::Password)
}

pub(super) fn is_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url)
}
