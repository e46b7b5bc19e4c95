//! A body before it is read into an input, with the problems that its route has found.

use serde_json::{Map, Value};

use super::validation::is_unreadable;
use crate::error::Problem;
use crate::model::Names;

#[derive(Debug)]
pub(crate) struct Submitted {
    pub(crate) entries: Map<String, Value>,
    /// Violated rules of the route.
    pub(crate) broken: Vec<Problem>,
    /// The fields that have another name in the body.
    pub(crate) field_names: Names,
}

/// Most routes have no rules of their own.
impl From<Map<String, Value>> for Submitted {
    fn from(entries: Map<String, Value>) -> Self {
        Self { entries, broken: Vec::new(), field_names: &[] }
    }
}

/// Merges the problems of a body without repetition. A rule of a route is never looser than that of the field, so the
/// problem of the route is kept if both are broken.
pub(crate) fn together(mut found: Vec<Problem>, mut broken: Vec<Problem>) -> Vec<Problem> {
    // A value that could not be read has no further problems.
    broken.retain(|problem| found.iter().all(|other| other.field != problem.field || !is_unreadable(other)));
    found.retain(|problem| broken.iter().all(|other| (&other.field, &other.code) != (&problem.field, &problem.code)));
    found.extend(broken);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::upper_first;

    fn problem(field: &str, constraint: &str, message: &str) -> Problem {
        Problem {
            field: field.to_owned(),
            code: format!("{}{constraint}", upper_first(field)),
            message: message.to_owned(),
        }
    }

    #[test]
    fn of_two_complaints_about_the_same_the_stricter_one_stays() {
        let found = vec![problem("bio", "MaxLengthConstraint", "2000"), problem("name", "MaxLengthConstraint", "120")];
        let broken = vec![problem("bio", "MaxLengthConstraint", "500"), problem("bio", "MatchesConstraint", "")];
        let problems = together(found, broken);
        let problems: Vec<_> =
            problems.iter().map(|problem| (problem.code.as_str(), problem.message.as_str())).collect();
        assert_eq!(
            problems,
            [("NameMaxLengthConstraint", "120"), ("BioMaxLengthConstraint", "500"), ("BioMatchesConstraint", "")]
        );
    }

    #[test]
    fn of_a_value_of_another_type_nothing_more_is_said() {
        let found = vec![problem("bio", "IsStringConstraint", "")];
        let broken = vec![problem("bio", "MinLengthConstraint", ""), problem("biography", "MinLengthConstraint", "")];
        let problems: Vec<String> = together(found, broken).into_iter().map(|problem| problem.code).collect();
        assert_eq!(problems, ["BioIsStringConstraint", "BiographyMinLengthConstraint"]);
    }
}
