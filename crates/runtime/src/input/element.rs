//! One row of another model that a body names, and what becomes of it.

use serde_json::{Map, Value};

use super::body::{BodyReader, Finished, Problem, Reader, read};
use super::naming::uniques;
use super::{Form, Reach};
use crate::access::FieldSet;
use crate::http::ApiError;
use crate::resource::{
    AnyInput, Change, Draft, IdKind, ModelMeta, Named, Operation, Reference, RelationKind, RelationMeta, Resource,
};
use crate::text::upper_first;

/// `apiAction`, or what stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Connect,
    Create,
    Update,
    Disconnect,
    Delete,
}

const ACTIONS: [(&str, Action); 5] = [
    ("connect", Action::Connect),
    ("create", Action::Create),
    ("update", Action::Update),
    ("disconnect", Action::Disconnect),
    ("delete", Action::Delete),
];

/// The model at the other end of a relation, as far as its bodies are concerned.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) meta: &'static ModelMeta,
    create: fn(&mut BodyReader<'_>) -> Box<dyn AnyInput>,
    update: fn(&mut BodyReader<'_>) -> Box<dyn AnyInput>,
}

impl Target {
    pub(super) fn of<R: Resource>() -> Self {
        Self { meta: R::META, create: read::<R::Create>, update: read::<R::Update> }
    }
}

/// One element of a relation in a body, while it is read.
pub(super) struct Element<'e> {
    pub(super) relation: &'static RelationMeta,
    pub(super) target: Target,
    /// `comments.0`
    pub(super) path: &'e str,
}

impl Element<'_> {
    /// Whether it is one of many, and so may come in any number.
    pub(super) fn is_listed(&self) -> bool {
        matches!(self.relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
    }

    /// Whether the rows at the other end have a key that never changes: they are made with it, and not linked later.
    fn is_fixed(&self) -> bool {
        let meta = self.target.meta;
        match self.relation.kind {
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
                meta.fields.iter().any(|other| other.name == field && (other.immutable || other.read_only))
            }
            RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => false,
        }
    }

    /// Where it stands in the body of the request.
    pub(super) fn place(&self, reach: Reach<'_>) -> String {
        format!("{}{}", reach.place, self.path)
    }

    /// Whether the row that is written has the key.
    fn belongs(&self) -> bool {
        matches!(self.relation.kind, RelationKind::BelongsTo { .. })
    }
}

/// An element was not read, and why is noted.
pub(super) struct Refused;

impl BodyReader<'_> {
    /// What one element says. A row that is changed in the body of a new one is connected to it first.
    pub(super) fn element(&mut self, element: &Element<'_>, value: Value) -> Result<Vec<Change>, Refused> {
        let reach = self.reader.reach;
        // Before it is looked at: a problem takes more room in the answer than its cause takes in the body.
        if let Some(reach) = reach.filter(|_| element.is_listed()) {
            self.count(element, reach)?;
        }
        let Value::Object(entries) = value else {
            return Err(self.refuse(element, "TypeConstraint", "must be an object"));
        };
        match reach {
            Some(reach) => self.reaching(element, reach, entries),
            None => self.plain(element, entries),
        }
    }

    fn reaching(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        mut entries: Map<String, Value>,
    ) -> Result<Vec<Change>, Refused> {
        let readable = reach.rights.readable(element.target.meta.name).unwrap_or_default();
        let action = match self.action(element, &mut entries)? {
            Some(action) => action,
            None => by_shape(element, &readable, &entries),
        };
        let keyed = element.belongs() && action == Action::Connect && entries.contains_key("id");
        if !element.is_listed() && !keyed {
            self.count(element, reach)?;
        }
        if action == Action::Create {
            return Ok(vec![Change::Create(self.draft(element, Form::Create, entries)?)]);
        }
        let named = self.named(element, reach, action, &readable, &mut entries)?;
        if action == Action::Update {
            return self.updated(element, reach, named, entries);
        }
        self.nothing_more(element, &entries)?;
        self.may_link(element, reach, action)?;
        Ok(vec![match action {
            Action::Disconnect => Change::Disconnect(named),
            Action::Delete => Change::Delete(named),
            _ => Change::Connect(named),
        }])
    }

    fn updated(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        named: Named,
        entries: Map<String, Value>,
    ) -> Result<Vec<Change>, Refused> {
        let draft = self.draft(element, Form::Update, entries)?;
        let connected = (reach.form == Form::Create).then(|| Change::Connect(named.clone()));
        if connected.is_some() {
            self.may_link(element, reach, Action::Connect)?;
        }
        Ok(connected.into_iter().chain([Change::Update(named, draft)]).collect())
    }

    /// `{ "id": … }` and nothing else, where a body may not reach further.
    fn plain(&mut self, element: &Element<'_>, mut entries: Map<String, Value>) -> Result<Vec<Change>, Refused> {
        let action = self.action(element, &mut entries)?;
        let key = self.key(element, &FieldSet::NONE, &mut entries)?;
        match (action, key) {
            (None | Some(Action::Connect), Some(key)) if entries.is_empty() => {
                Ok(vec![Change::Connect(Named { key, place: String::new() })])
            }
            _ => Err(self.refuse(element, "TypeConstraint", "must be an object with an id")),
        }
    }

    fn action(&mut self, element: &Element<'_>, entries: &mut Map<String, Value>) -> Result<Option<Action>, Refused> {
        let Some(said) = entries.remove("apiAction") else { return Ok(None) };
        let known = said.as_str().and_then(|said| ACTIONS.iter().find(|(name, _)| said.eq_ignore_ascii_case(name)));
        match known {
            Some((_, action)) => Ok(Some(*action)),
            None => {
                let names = ACTIONS.map(|(name, _)| name).join(", ");
                Err(self.refuse_at(element, "apiAction", "Constraint", &format!("must be one of {names}")))
            }
        }
    }

    /// Notes that the body names one more row. A plain key costs nothing more than a value does.
    fn count(&mut self, element: &Element<'_>, reach: Reach<'_>) -> Result<(), Refused> {
        let left = reach.names.get();
        reach.names.set(left.saturating_sub(1));
        if left > 0 {
            return Ok(());
        }
        // Said once; a body may hold many more of them.
        if !reach.told.replace(true) {
            return Err(self.refuse(element, "MaxNestedConstraint", "is more than one body may name"));
        }
        Err(Refused)
    }

    /// What is neither made nor changed takes no values.
    fn nothing_more(&mut self, element: &Element<'_>, entries: &Map<String, Value>) -> Result<(), Refused> {
        if entries.is_empty() {
            return Ok(());
        }
        for name in entries.keys() {
            self.refuse_at(element, name, "AmbiguousReference", "cannot be said of a record that is not changed");
        }
        Err(Refused)
    }

    /// Whether the caller may touch the other row as the action does. Its key is changed like any field of it.
    fn may_link(&mut self, element: &Element<'_>, reach: Reach<'_>, action: Action) -> Result<(), Refused> {
        let meta = element.target.meta;
        let operation = if action == Action::Delete { Operation::DeleteOne } else { Operation::UpdateOne };
        let key = match element.relation.kind {
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => meta.field_index(field),
            RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => None,
        };
        if key.is_none() && action != Action::Delete {
            return Ok(());
        }
        let writable = self.ask(reach.rights.writable(meta.name, operation))?;
        let Some(position) = key.filter(|_| action != Action::Delete) else { return Ok(()) };
        let field = &meta.fields[position];
        if field.immutable || field.read_only || !writable.contains(position) {
            let code = format!("InvalidField{}", upper_first(field.name));
            return Err(self.refuse_with(element, field.name, code, "cannot be changed"));
        }
        if action == Action::Disconnect && !field.optional {
            return Err(self.refuse_at(element, field.name, "RequiredConstraint", "cannot be null"));
        }
        Ok(())
    }

    /// The body of a row that is made or changed, under the rules of its own model.
    fn draft(&mut self, element: &Element<'_>, form: Form, mut entries: Map<String, Value>) -> Result<Draft, Refused> {
        let Some(reach) = self.reader.reach else { return Err(Refused) };
        let Target { meta, create, update } = element.target;
        let Some(depth) = reach.depth.checked_sub(1) else {
            return Err(self.refuse(element, "MaxDepthConstraint", "is nested too deep"));
        };
        let (operation, read) = match form {
            Form::Create => (Operation::CreateOne, create),
            Form::Update => (Operation::UpdateOne, update),
        };
        let writable = self.ask(reach.rights.writable(meta.name, operation))?;
        if form == Form::Create {
            self.imply_key(element, &mut entries)?;
        }
        let place = element.place(reach);
        let within = format!("{place}.");
        let reader = Reader { writable, reach: Some(Reach { form, depth, place: &within, ..reach }), ..self.reader };
        let mut nested = BodyReader::new(meta, entries, reader);
        let input = read(&mut nested);
        let references = self.absorb(element, nested.finish())?;
        Ok(Draft { input, place, references })
    }

    /// A row that is made at the other end gets the key that leads back, which it cannot have another value for.
    fn imply_key(&mut self, element: &Element<'_>, entries: &mut Map<String, Value>) -> Result<(), Refused> {
        let (RelationKind::HasOne { field } | RelationKind::HasMany { field }) = element.relation.kind else {
            return Ok(());
        };
        let back = element.target.meta.relations.iter().find_map(|relation| match relation.kind {
            RelationKind::BelongsTo { field: key } if key == field => Some(relation.name),
            _ => None,
        });
        if let Some(name) = [Some(field), back].into_iter().flatten().find(|name| entries.contains_key(*name)) {
            let why = format!("follows from '{}'", element.relation.name);
            return Err(self.refuse_at(element, name, "AmbiguousReference", &why));
        }
        entries.insert(field.to_owned(), placeholder(self.meta.id));
        Ok(())
    }

    /// Takes over what a nested body left.
    fn absorb(&mut self, element: &Element<'_>, finished: Finished) -> Result<Vec<Reference>, Refused> {
        let Finished { problems, passwords, references, refusal } = finished;
        self.passwords.extend(passwords);
        let readable = problems.is_empty() && refusal.is_none();
        self.refusal = self.refusal.take().or(refusal);
        let at = |problem: Problem| Problem { field: format!("{}.{}", element.path, problem.field), ..problem };
        self.problems.extend(problems.into_iter().map(at));
        if readable { Ok(references) } else { Err(Refused) }
    }

    fn ask<T>(&mut self, answer: Result<T, ApiError>) -> Result<T, Refused> {
        answer.map_err(|refusal| {
            self.refusal.get_or_insert(refusal);
            Refused
        })
    }

    pub(super) fn refuse(&mut self, element: &Element<'_>, constraint: &str, why: &str) -> Refused {
        let code = format!("{}{constraint}", upper_first(element.relation.name));
        self.problems.push(Problem {
            field: element.path.to_owned(),
            code,
            message: format!("'{}' {why}", element.path),
        });
        Refused
    }

    pub(super) fn refuse_at(&mut self, element: &Element<'_>, name: &str, constraint: &str, why: &str) -> Refused {
        self.refuse_with(element, name, format!("{}{constraint}", upper_first(name)), why)
    }

    fn refuse_with(&mut self, element: &Element<'_>, name: &str, code: String, why: &str) -> Refused {
        let field = format!("{}.{name}", element.path);
        self.problems.push(Problem { field, code, message: format!("'{name}' {why}") });
        Refused
    }
}

/// What an element without `apiAction` does. Only the id, or only the fields of one unique index: the row is there. An id
/// and more: it is changed. No id: it is made.
fn by_shape(element: &Element<'_>, readable: &FieldSet, entries: &Map<String, Value>) -> Action {
    let says = |names: &[&str]| entries.len() == names.len() && names.iter().all(|name| entries.contains_key(*name));
    let named = || uniques(element.target.meta, readable).any(|(_, fields)| says(fields));
    if says(&["id"]) || (!element.is_fixed() && named()) {
        Action::Connect
    } else if entries.contains_key("id") {
        Action::Update
    } else {
        Action::Create
    }
}

/// Stands where an id is not known yet.
pub(super) fn placeholder(kind: IdKind) -> Value {
    match kind {
        IdKind::Uuid => uuid::Uuid::nil().to_string().into(),
        IdKind::Integer => 0.into(),
    }
}
