//! Requests with names that are hidden from the caller: private fields, fields of other roles, and relations whose key
//! or other end the caller may not see. Each is repeated with a name that does not exist.

use serde_json::{Value as Json, json};

use super::caller::Caller;
use super::choices::Choices;
use super::schema::{AWKWARD, Field, Kind};
use super::seen::Seen;
use super::spelling::Spelling;

#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) model: usize,
    /// Relations that lead to the model of the hidden name.
    path: Vec<Step>,
    pub(super) hidden: String,
    /// Whether an editor could use the name.
    pub(super) withheld: bool,
    place: Place,
    spelling: Spelling,
    operator: Option<&'static str>,
}

#[derive(Debug)]
struct Step {
    name: String,
    is_to_many: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Filter,
    Json,
    Fields,
    /// An order of the list, or of the last relation in the path.
    Sort,
    /// A relation, followed by a field that every model has.
    Through,
    JsonThrough,
    FieldsThrough,
}

const OPERATORS: [Option<&str>; 7] =
    [None, Some("eq"), Some("isNull"), Some("contains"), Some("in"), Some("gt"), Some("every")];
const FIELD: [Place; 4] = [Place::Filter, Place::Json, Place::Fields, Place::Sort];
const RELATION: [Place; 7] =
    [Place::Through, Place::JsonThrough, Place::FieldsThrough, Place::Filter, Place::Json, Place::Fields, Place::Sort];

pub(super) const UNKNOWN: &str = "unheardOf";

impl Refusal {
    /// `None` if the path leads to a model that hides nothing, or to one that has a field with the name of the
    /// parameter.
    pub(super) fn random(seen: &Seen<'_>, choices: &mut Choices<'_>) -> Option<Self> {
        let (viewable, _) = seen.models();
        let model = choices.among(&viewable);
        let (path, end) = random_path(seen, model, choices);
        let hidden = hidden(seen, end);
        if hidden.is_empty() {
            return None;
        }
        let chosen = &hidden[choices.below(hidden.len())];
        let (hidden, is_relation) = chosen;
        let place = choices.among(if *is_relation { &RELATION[..] } else { &FIELD });
        if place == Place::Sort && seen.shows(end, "sort") {
            return None;
        }
        let editor = Seen { world: seen.world, caller: Caller::editor(seen.world) };
        Some(Self {
            model,
            path,
            hidden: hidden.clone(),
            withheld: !self::hidden(&editor, end).contains(chosen),
            place,
            spelling: choices.among(&Spelling::ALL),
            operator: choices.among(&OPERATORS),
        })
    }

    /// The parameters with the hidden name, or with another name in its place.
    pub(super) fn parameters(&self, name: &str) -> Vec<(String, String)> {
        let parameter = |name: &str, value: String| vec![(name.to_owned(), value)];
        let relations: Vec<String> = self.path.iter().map(|step| step.name.clone()).collect();
        let to =
            |last: &[&str]| [&relations[..], &last.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()].concat();
        let operator = self.operator.as_slice();
        match self.place {
            Place::Filter => parameter(&self.spelling.name(&to(&[&[name], operator].concat())), "1".to_owned()),
            Place::Through => parameter(&self.spelling.name(&to(&[&[name, "id"], operator].concat())), "1".to_owned()),
            Place::Json => parameter("filters", self.json(json!({ name: 1 })).to_string()),
            Place::JsonThrough => parameter("filters", self.json(json!({ name: { "id": { "ne": 1 } } })).to_string()),
            Place::Fields => parameter("fields", to(&[name]).join(".")),
            Place::FieldsThrough => parameter("fields", to(&[name, "id"]).join(".")),
            Place::Sort if relations.is_empty() => parameter("sort", format!("-{name}")),
            Place::Sort => {
                let sort = (self.spelling.name(&to(&["sort"])), format!("id,{name}"));
                [parameter("fields", relations.join(".")), vec![sort]].concat()
            }
        }
    }

    fn json(&self, inner: Json) -> Json {
        let within = |inner: Json, step: &Step| match step.is_to_many {
            true => json!({ &step.name: { "none": inner } }),
            false => json!({ &step.name: { "NOT": inner } }),
        };
        self.path.iter().rev().fold(inner, within)
    }
}

/// A random path of relations that the caller may follow, and the model at its end.
fn random_path(seen: &Seen<'_>, from: usize, choices: &mut Choices<'_>) -> (Vec<Step>, usize) {
    let (mut path, mut at) = (Vec::new(), from);
    for _ in 0..choices.below(usize::try_from(seen.world.schema.limits.max_depth).expect("small")) {
        let relations = seen.relations(at);
        if relations.is_empty() {
            break;
        }
        let relation = &seen.model(at).relations[choices.among(&relations)];
        let is_to_many = matches!(relation.kind, Kind::HasMany(_) | Kind::ManyToMany(..));
        path.push(Step { name: relation.name.clone(), is_to_many });
        at = relation.target;
    }
    (path, at)
}

/// Names that are hidden from the caller, and whether each is a relation. Names with another meaning in a query are
/// left out.
fn hidden(seen: &Seen<'_>, model: usize) -> Vec<(String, bool)> {
    let known = seen.model(model);
    let is_hidden = |field: &Field| !seen.caller.reads(field.reader) && !AWKWARD.contains(&field.name.as_str());
    let fields = known.fields.iter().filter(|field| is_hidden(field));
    let relations = (0..known.relations.len()).filter(|relation| !seen.can_follow(model, *relation));
    let relations = relations.map(|relation| (known.relations[relation].name.clone(), true));
    fields.map(|field| (field.name.clone(), false)).chain(relations).collect()
}
