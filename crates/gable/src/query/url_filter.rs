//! Reads the filters of a URL together: parameters that form a list, groups, and the condition of each.

use std::collections::{BTreeMap, HashMap};

use super::condition::{Condition, Quantifier};
use super::filter::{Filters, Operand, Step};
use super::operator::{Ending, NO_MODE, is_insensitive};
use super::path;
use super::refusal::Refusal;
use super::viewer::View;

/// How deep groups may be nested, as in JSON.
const NESTING: u32 = 8;

/// The most refusals that one answer reports.
const MAX_REFUSED: usize = 20;

/// The conditions that the filters of a URL ask for.
#[derive(Default)]
pub(super) struct UrlFilters {
    /// One for each comparison and group, joined according to the mode.
    pub(super) conditions: Vec<Condition>,
    /// Groups of `AND[…]`, which hold whatever the mode is.
    pub(super) narrowing: Vec<Condition>,
    /// Refused parameters, and why.
    pub(super) refused: Vec<(String, Refusal)>,
}

/// Reads the parameters that are filters, in their order.
pub(super) fn read(filters: &mut Filters<'_>, view: &View, parameters: &[(String, String)]) -> UrlFilters {
    let mut reader = Reader { filters, refused: Vec::new() };
    let mut items = Vec::with_capacity(parameters.len());
    for (name, value) in parameters {
        match path::element(name) {
            Some((parts, whole)) => items.push(Item { name, parts, taken: 0, value, whole }),
            None => reader.refuse(name, Refusal::Unknown),
        }
    }
    let Level { conditions, narrowing } = reader.level(view, items, 0);
    UrlFilters { conditions, narrowing, refused: reader.refused }
}

/// One parameter.
struct Item<'q> {
    name: &'q str,
    parts: Vec<&'q str>,
    /// The number of parts that name the group it belongs to.
    taken: usize,
    value: &'q str,
    /// Whether the value is one element of a list: `in[]=a`, `in[0]=a`.
    whole: bool,
}

impl<'q> Item<'q> {
    fn rest(&self) -> &[&'q str] {
        &self.parts[self.taken..]
    }
}

/// The connective of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Connective {
    And,
    Or,
    Not,
}

impl Connective {
    fn named(word: &str) -> Option<Self> {
        match word {
            "AND" => Some(Connective::And),
            "OR" => Some(Connective::Or),
            "NOT" => Some(Connective::Not),
            _ => None,
        }
    }
}

/// The conditions of one level of groups.
struct Level {
    conditions: Vec<Condition>,
    narrowing: Vec<Condition>,
}

/// The parameters of each group by connective, then by number; `NOT` may have no number.
type Groups<'q> = BTreeMap<Connective, BTreeMap<Option<u32>, Vec<Item<'q>>>>;

/// The target of a comparison: the relations and quantifiers that lead to it, and the field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Location {
    steps: Vec<(&'static str, &'static str)>,
    field: usize,
}

/// The meaning of a parameter, found by following its path.
enum Aim {
    Test(Target),
    Mode(Location),
    /// `author=null`
    Missing(Condition),
}

/// Relations in order, and the comparison at their end.
struct Target {
    steps: Vec<(Step, Quantifier)>,
    location: Location,
    ending: Ending,
    /// Whether the value is one element of a list: `in[0]`
    whole: bool,
}

/// A comparison with all parameters that name it.
struct Merged<'q> {
    name: &'q str,
    aim: Target,
    values: Vec<&'q str>,
}

struct Reader<'f, 'a> {
    filters: &'f mut Filters<'a>,
    refused: Vec<(String, Refusal)>,
}

impl<'q> Reader<'_, '_> {
    fn refuse(&mut self, name: &str, refusal: Refusal) {
        if self.refused.len() < MAX_REFUSED {
            self.refused.push((name.to_owned(), refusal));
        }
    }

    fn level(&mut self, view: &View, items: Vec<Item<'q>>, nesting: u32) -> Level {
        let (grouped, plain): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|item| item.rest().first().is_some_and(|word| Connective::named(word).is_some()));
        let mut level = Level { conditions: self.tests(view, plain), narrowing: Vec::new() };
        for (connective, elements) in self.groups(grouped, nesting) {
            let all = elements.into_values().map(|element| self.together(view, element, nesting + 1));
            match connective {
                Connective::And => level.narrowing.extend(all),
                Connective::Or => level.conditions.push(Condition::Any(all.collect())),
                Connective::Not => level.conditions.extend(all.map(|inner| Condition::Not(Box::new(inner)))),
            }
        }
        level
    }

    /// The condition of one element of a group.
    fn together(&mut self, view: &View, items: Vec<Item<'q>>, nesting: u32) -> Condition {
        let Level { mut conditions, narrowing } = self.level(view, items, nesting);
        conditions.extend(narrowing);
        Condition::All(conditions)
    }

    fn groups(&mut self, items: Vec<Item<'q>>, nesting: u32) -> Groups<'q> {
        let mut groups = Groups::new();
        for mut item in items {
            let rest = item.rest();
            let connective = rest.first().and_then(|word| Connective::named(word));
            let number = rest.get(1).and_then(|part| index(part));
            let Some(connective) = connective.filter(|_| nesting < NESTING) else {
                self.refuse(item.name, Refusal::TooNested(NESTING));
                continue;
            };
            if number.is_none() && connective != Connective::Not {
                self.refuse(item.name, Refusal::Instead("a group is written as 'OR[0][field]' or 'AND[0][field]'"));
                continue;
            }
            item.taken += 1 + usize::from(number.is_some());
            groups.entry(connective).or_default().entry(number).or_default().push(item);
        }
        groups
    }

    fn tests(&mut self, view: &View, items: Vec<Item<'q>>) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let (mut merged, mut known): (Vec<Merged<'q>>, HashMap<(Location, Ending), usize>) = Default::default();
        let mut modes = BTreeMap::new();
        for item in items {
            match self.aim(view, &item) {
                Ok(Aim::Missing(condition)) => conditions.push(condition),
                Ok(Aim::Mode(location)) => self.mode(&mut modes, location, &item),
                Ok(Aim::Test(aim)) => match known.get(&(aim.location.clone(), aim.ending)) {
                    Some(_) if !aim.ending.operator.takes_list() => self.refuse(item.name, Refusal::Repeated),
                    Some(position) => add(&mut merged[*position].values, &item, aim.whole),
                    None => {
                        known.insert((aim.location.clone(), aim.ending), merged.len());
                        let mut values = Vec::new();
                        add(&mut values, &item, aim.whole || !aim.ending.operator.takes_list());
                        merged.push(Merged { name: item.name, aim, values });
                    }
                },
                Err(refusal) => self.refuse(item.name, refusal),
            }
        }
        conditions.extend(merged.into_iter().filter_map(|merged| self.condition(view, merged, &mut modes)));
        for mode in modes.into_values().filter(|mode| !mode.used) {
            self.refuse(mode.name, NO_MODE);
        }
        conditions
    }

    fn mode(&mut self, modes: &mut BTreeMap<Location, Mode<'q>>, location: Location, item: &Item<'q>) {
        match is_insensitive(Some(item.value)) {
            Err(refusal) => self.refuse(item.name, refusal),
            Ok(_) if modes.contains_key(&location) => self.refuse(item.name, Refusal::Repeated),
            Ok(insensitive) => {
                modes.insert(location, Mode { name: item.name, insensitive, used: false });
            }
        }
    }

    fn condition(
        &mut self,
        view: &View,
        merged: Merged<'q>,
        modes: &mut BTreeMap<Location, Mode<'q>>,
    ) -> Option<Condition> {
        let Merged { name, aim, values } = merged;
        let Target { steps, location, mut ending, .. } = aim;
        if let Some(mode) = modes.get_mut(&location) {
            mode.used = true;
            match ending.operator.insensitive().filter(|_| mode.insensitive) {
                Some(insensitive) => ending.operator = insensitive,
                None if mode.insensitive => {
                    self.refuse(mode.name, NO_MODE);
                    return None;
                }
                None => {}
            }
        }
        let of = steps.last().map_or(view, |(step, _)| &step.view);
        let operand = match values.first() {
            Some(only) if !ending.operator.takes_list() => Operand::Text(only),
            _ => Operand::Texts(&values),
        };
        match self.filters.test(of, location.field, ending.operator, operand) {
            Ok(test) => Some(around(steps, ending.around(test))),
            Err(refusal) => {
                self.refuse(name, refusal);
                None
            }
        }
    }

    /// Follows a parameter through relations to the comparison or mode at its end.
    fn aim(&mut self, from: &View, item: &Item<'q>) -> Result<Aim, Refusal> {
        let mut steps: Vec<(Step, Quantifier)> = Vec::new();
        let mut quantified = None;
        let mut rest = item.rest();
        loop {
            let view = steps.last().map_or(from, |(step, _)| &step.view);
            let Some((first, after)) = rest.split_first() else {
                return self.missing(steps, quantified, item.value);
            };
            if let Some(field) = view.readable(first) {
                let names = steps.iter().map(|(step, quantifier)| (step.name(), quantifier.word()));
                let location = Location { steps: names.collect(), field };
                return ending(steps, location, after, item.whole);
            }
            let step = self.filters.step(view, first)?;
            (quantified, rest) = step.quantifier(after);
            steps.push((step, quantified.unwrap_or(Quantifier::Some)));
        }
    }

    /// The condition of a path that ends at a relation, whose value must be `null`.
    fn missing(
        &mut self,
        mut steps: Vec<(Step, Quantifier)>,
        quantified: Option<Quantifier>,
        value: &str,
    ) -> Result<Aim, Refusal> {
        let (last, _) = steps.pop().ok_or(Refusal::Unknown)?;
        if value != "null" {
            return Err(Refusal::Unknown);
        }
        self.filters.counted()?;
        Ok(Aim::Missing(around(steps, last.missing(quantified)?)))
    }
}

/// `mode=insensitive`, for the comparisons at one location.
struct Mode<'q> {
    name: &'q str,
    insensitive: bool,
    used: bool,
}

/// Adds the value as a whole, or its parts between commas.
fn add<'q>(values: &mut Vec<&'q str>, item: &Item<'q>, whole: bool) {
    if whole { values.push(item.value) } else { values.extend(item.value.split(',')) }
}

fn around(steps: Vec<(Step, Quantifier)>, condition: Condition) -> Condition {
    steps.into_iter().rev().fold(condition, |condition, (step, quantifier)| step.related(quantifier, condition))
}

/// Reads the words after a field.
fn ending(steps: Vec<(Step, Quantifier)>, location: Location, words: &[&str], bracketed: bool) -> Result<Aim, Refusal> {
    if words == ["mode"] {
        return Ok(Aim::Mode(location));
    }
    let (words, numbered) = match words.split_last() {
        Some((last, before)) if index(last).is_some() && !before.is_empty() => (before, true),
        _ => (words, false),
    };
    let (ending, whole) = (Ending::read(words)?, numbered || bracketed);
    if whole && !ending.operator.takes_list() {
        return Err(if words.is_empty() {
            Refusal::Instead("a list is written behind 'in'")
        } else {
            Refusal::Unknown
        });
    }
    Ok(Aim::Test(Target { steps, location, ending, whole }))
}

/// The number of an element: `OR[0]`.
fn index(part: &str) -> Option<u32> {
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits { part.parse().ok() } else { None }
}
