//! Reads one element of a relation in a body, and its action.

use serde_json::{Map, Value};

use super::body::{BodyReader, Finished, Reader};
use super::element::{Action, Element, Part, Refused, Target};
use super::long_form::is_long;
use super::naming::uniques;
use super::{Form, Reach};
use crate::error::{ApiError, Problem};
use crate::meta::{FieldSet, IdKind, Operation, RelationKind};
use crate::model::{Change, Draft, Reference, Replacement, RowRef};
use crate::text::upper_first;

const ACTIONS: [(&str, Action); 8] = [
    ("connect", Action::Connect),
    ("create", Action::Create),
    ("update", Action::Update),
    ("disconnect", Action::Disconnect),
    ("delete", Action::Delete),
    ("set", Action::Set),
    ("connectOrCreate", Action::ConnectOrCreate),
    ("upsert", Action::Upsert),
];

impl BodyReader<'_> {
    /// Reads one element. A row that is changed in the body of a new row is connected to it first.
    pub(super) fn element(&mut self, element: &Element<'_>, value: Value) -> Result<Vec<Change>, Refused> {
        let reach = self.reader.reach.filter(|reach| reach.leads_to(element.target.meta));
        // Counted before it is read: a problem takes more room in the answer than its cause takes in the body.
        if let Some(reach) = reach.filter(|_| element.is_listed()) {
            self.count(element, reach)?;
        }
        let Value::Object(entries) = value else {
            return Err(self.refuse(element, "IsObjectConstraint", "must be an object"));
        };
        match reach {
            Some(reach) if !element.is_listed() && is_long(element.target.meta, &entries) => {
                self.operations(element, reach, entries)
            }
            Some(reach) => self.nestable(element, reach, entries),
            None => self.plain(element, entries),
        }
    }

    /// Reads an element of a body that may nest rows of other models.
    fn nestable(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        mut entries: Map<String, Value>,
    ) -> Result<Vec<Change>, Refused> {
        let action = match self.action(element, &mut entries)? {
            Some(action) => action,
            None => {
                let readable = reach.rights.readable(element.target.meta.name).unwrap_or_default();
                by_shape(element, &readable, &entries)
            }
        };
        self.act(element, reach, action, entries)
    }

    /// Reads an element whose action is known.
    pub(super) fn act(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        action: Action,
        mut entries: Map<String, Value>,
    ) -> Result<Vec<Change>, Refused> {
        if matches!(action, Action::ConnectOrCreate | Action::Upsert) {
            let parts = self.flat_parts(element, reach, action, entries)?;
            return match action {
                Action::Upsert => self.upsert(element, reach, parts),
                _ => self.connect_or_create(element, reach, parts),
            };
        }
        // A key leads to one row, and a new row has no links to replace: in both cases `set` means `connect`.
        let replaces = !element.belongs() && reach.form == Form::Update;
        let action = if action == Action::Set && !replaces { Action::Connect } else { action };
        if !(element.belongs() && action == Action::Connect && entries.contains_key("id")) {
            self.count_single(element, reach)?;
        }
        if action == Action::Create {
            return Ok(vec![Change::Create(self.draft(element, Form::Create, entries)?)]);
        }
        let readable = reach.rights.readable(element.target.meta.name).unwrap_or_default();
        // For a relation to one row, a unique field is changed and not used to find the row.
        let changed = action == Action::Update && !element.is_listed();
        let keys = if changed { FieldSet::NONE } else { readable };
        let row_ref = self.named(element, reach, action, (&keys, &readable), &mut entries)?;
        if action == Action::Update {
            return self.updated(element, reach, row_ref, Part { entries, path: element.path.to_owned() });
        }
        self.refuse_values(element, &entries)?;
        self.may_link(element, reach, action)?;
        Ok(vec![match action {
            Action::Disconnect => Change::Disconnect(row_ref),
            Action::Delete => Change::Delete(row_ref),
            Action::Set => Change::Set(Replacement { rows: vec![row_ref], place: self.place_of(element, reach) }),
            _ => Change::Connect(row_ref),
        }])
    }

    /// Unlinks all rows of the relation.
    pub(super) fn cleared(&mut self, relation: &Element<'_>, reach: Reach<'_>) -> Result<Vec<Change>, Refused> {
        if relation.belongs() {
            return self.act(relation, reach, Action::Disconnect, Map::new());
        }
        if reach.form == Form::Create {
            return Ok(Vec::new());
        }
        let readable = reach.rights.readable(relation.target.meta.name).unwrap_or_default();
        self.may_follow(relation, reach, &readable)?;
        self.may_link(relation, reach, Action::Set)?;
        Ok(vec![Change::Set(Replacement { rows: Vec::new(), place: self.place_of(relation, reach) })])
    }

    /// Place of the element's relation in the body of the request.
    fn place_of(&self, element: &Element<'_>, reach: Reach<'_>) -> String {
        format!("{}{}", reach.place, element.relation.name)
    }

    pub(super) fn updated(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        row_ref: RowRef,
        data: Part,
    ) -> Result<Vec<Change>, Refused> {
        let draft = self.draft(&element.at(&data.path), Form::Update, data.entries)?;
        let connected = (reach.form == Form::Create).then(|| Change::Connect(row_ref.clone()));
        if connected.is_some() {
            self.may_link(element, reach, Action::Connect)?;
        }
        Ok(connected.into_iter().chain([Change::Update(row_ref, draft)]).collect())
    }

    /// Accepts only `{ "id": … }`, also inside `connect`, where a body may not nest rows of other models.
    fn plain(&mut self, element: &Element<'_>, mut entries: Map<String, Value>) -> Result<Vec<Change>, Refused> {
        if entries.len() == 1
            && let Some(Value::Object(connected)) = entries.get_mut("connect")
        {
            entries = std::mem::take(connected);
        }
        let action = self.action(element, &mut entries)?;
        let key = self.key(element, &FieldSet::NONE, &mut entries)?;
        match (action, key) {
            (None | Some(Action::Connect), Some(key)) if entries.is_empty() => {
                Ok(vec![Change::Connect(RowRef { key, place: String::new() })])
            }
            _ => Err(self.refuse(element, "IsObjectConstraint", "must be an object with an id")),
        }
    }

    fn action(&mut self, element: &Element<'_>, entries: &mut Map<String, Value>) -> Result<Option<Action>, Refused> {
        let Some(action) = entries.remove("apiAction") else { return Ok(None) };
        let known =
            action.as_str().and_then(|action| ACTIONS.iter().find(|(name, _)| action.eq_ignore_ascii_case(name)));
        match known {
            Some((_, action)) => Ok(Some(*action)),
            None => {
                let why = format!("must be one of {}", ACTIONS.map(|(name, _)| name).join(", "));
                Err(self.refuse_with(element, "apiAction", "InvalidApiAction".to_owned(), &why))
            }
        }
    }

    /// Counts the row of a relation that leads to one; the rows of a list are counted where they are read.
    pub(super) fn count_single(&mut self, element: &Element<'_>, reach: Reach<'_>) -> Result<(), Refused> {
        if element.is_listed() { Ok(()) } else { self.count(element, reach) }
    }

    /// Counts one more row that the body names. A plain key is not counted.
    pub(super) fn count(&mut self, element: &Element<'_>, reach: Reach<'_>) -> Result<(), Refused> {
        let left = reach.names.get();
        reach.names.set(left.saturating_sub(1));
        if left > 0 {
            return Ok(());
        }
        // Reported once; a body may hold many more of them.
        if !reach.excess_reported.replace(true) {
            return Err(self.refuse(element, "MaxNestedConstraint", "is more than one body may name"));
        }
        Err(Refused)
    }

    /// Refuses values for a row that is neither created nor changed.
    pub(super) fn refuse_values(&mut self, element: &Element<'_>, entries: &Map<String, Value>) -> Result<(), Refused> {
        if entries.is_empty() {
            return Ok(());
        }
        for name in entries.keys() {
            self.refuse_at(
                element,
                name,
                "AmbiguousReference",
                "cannot be set on a record that is neither created nor changed",
            );
        }
        Err(Refused)
    }

    /// Checks that the caller may link, unlink or delete the other row. A key in that row is changed like any of its
    /// fields.
    pub(super) fn may_link(&mut self, element: &Element<'_>, reach: Reach<'_>, action: Action) -> Result<(), Refused> {
        let meta = element.target.meta;
        let operation = if action == Action::Delete { Operation::DeleteOne } else { Operation::UpdateOne };
        let key = match element.relation.kind {
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => meta.field_index(field),
            RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => None,
        };
        // A many-to-many link requires only the right to change this row. If this row is the caller's own account, it
        // requires the right to change the other row.
        if key.is_none() && action != Action::Delete && !(reach.own && element.is_listed()) {
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

    /// Reads the body of a row that is created or changed, under the rules of its own model.
    pub(super) fn draft(
        &mut self,
        element: &Element<'_>,
        form: Form,
        mut entries: Map<String, Value>,
    ) -> Result<Draft, Refused> {
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
        let nested = Reach { own: false, form, depth, place: &within, ..reach };
        let reader = Reader { account: reach.account, writable, field_names: &[], reach: Some(nested), ..self.reader };
        let mut nested = BodyReader::new(meta, entries, reader);
        let input = read(&mut nested);
        let finished = nested.finish();
        let inline = finished.inline.clone();
        let references = self.absorb(element, finished)?;
        Ok(Draft { input, place, references, inline, is_last: false })
    }

    /// Sets the key of a row that is created at the other end; it leads back to the written row, and the body may not
    /// give it.
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

    /// Takes over the results of a nested body.
    fn absorb(&mut self, element: &Element<'_>, finished: Finished) -> Result<Vec<Reference>, Refused> {
        let Finished { problems, passwords, references, refusal, .. } = finished;
        self.passwords.extend(passwords);
        let readable = problems.is_empty() && refusal.is_none();
        self.refusal = self.refusal.take().or(refusal);
        let at = |problem: Problem| Problem { field: format!("{}.{}", element.path, problem.field), ..problem };
        self.problems.extend(problems.into_iter().map(at));
        if readable { Ok(references) } else { Err(Refused) }
    }

    /// Keeps the error if the caller lacks the rights that were asked for; the first one is the answer.
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

    pub(super) fn refuse_with(&mut self, element: &Element<'_>, name: &str, code: String, why: &str) -> Refused {
        let field = format!("{}.{name}", element.path);
        self.problems.push(Problem { field, code, message: format!("'{name}' {why}") });
        Refused
    }
}

/// The action of an element without `apiAction`. Only the id, or only the fields of one unique index: connect. The id
/// and other fields: update. No id: create.
fn by_shape(element: &Element<'_>, readable: &FieldSet, entries: &Map<String, Value>) -> Action {
    let consists_of =
        |names: &[&str]| entries.len() == names.len() && names.iter().all(|name| entries.contains_key(*name));
    let by_unique = || uniques(element.target.meta, readable).any(|(_, fields)| consists_of(fields));
    if consists_of(&["id"]) || (!element.is_fixed() && by_unique()) {
        Action::Connect
    } else if entries.contains_key("id") {
        Action::Update
    } else {
        Action::Create
    }
}

/// A placeholder for an id that is not known yet.
pub(super) fn placeholder(kind: IdKind) -> Value {
    match kind {
        IdKind::Uuid => uuid::Uuid::nil().to_string().into(),
        IdKind::Integer => 0.into(),
    }
}
