//! Prisma's form of a relation in a body: `{ "connect": …, "create": […], "set": […] }`, in addition to the short form.

use serde_json::{Map, Value};

use super::Reach;
use super::body::BodyReader;
use super::element::{Action, Element, Part, Refused, Row};
use crate::meta::ModelMeta;
use crate::model::Change;

/// Keys of the long form. `createMany`, `deleteMany` and `updateMany` are Prisma's for lists.
const OPERATIONS: [&str; 11] = [
    "connect",
    "create",
    "update",
    "disconnect",
    "delete",
    "set",
    "connectOrCreate",
    "upsert",
    "createMany",
    "deleteMany",
    "updateMany",
];

/// Whether an object names operations. A field or relation of the other model with such a name takes precedence.
pub(super) fn is_long(meta: &ModelMeta, entries: &Map<String, Value>) -> bool {
    entries.keys().any(|key| OPERATIONS.contains(&key.as_str()) && !is_member(meta, key))
}

/// Whether the model has a field or relation of this name.
pub(super) fn is_member(meta: &ModelMeta, name: &str) -> bool {
    meta.field_index(name).is_some() || meta.relations.iter().any(|relation| relation.name == name)
}

impl BodyReader<'_> {
    /// Reads every operation that the object names, each with one row or a list of them.
    pub(super) fn operations(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        entries: Map<String, Value>,
    ) -> Result<Vec<Change>, Refused> {
        if entries.len() > 1 && !element.is_listed() {
            return Err(self.refuse(element, "AmbiguousReference", "takes one operation, as it leads to one record"));
        }
        let mut changes = Vec::new();
        let mut refused = None;
        for (operation, value) in entries {
            match self.operation(element, reach, &operation, value) {
                Ok(more) => changes.extend(more),
                Err(refusal) => refused = Some(refusal),
            }
        }
        refused.map_or(Ok(changes), Err)
    }

    fn operation(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        operation: &str,
        value: Value,
    ) -> Result<Vec<Change>, Refused> {
        let path = format!("{}.{operation}", element.path);
        let here = element.at(&path);
        match operation {
            "connect" => self.each(&here, reach, value, |reader, row| reader.long_named(row, reach, Action::Connect)),
            "disconnect" | "delete" if value == Value::Bool(false) && !element.is_listed() => Ok(Vec::new()),
            "disconnect" => {
                self.each(&here, reach, value, |reader, row| reader.long_named(row, reach, Action::Disconnect))
            }
            "delete" => self.each(&here, reach, value, |reader, row| reader.long_named(row, reach, Action::Delete)),
            "set" => self.long_set(element, &here, reach, value),
            "create" => self.each(&here, reach, value, |reader, row| reader.long_create(row, reach)),
            "update" => self.each(&here, reach, value, |reader, row| reader.long_update(row, reach)),
            "connectOrCreate" => self.each(&here, reach, value, |reader, row| {
                let (element, entries) = row;
                let parts = reader.parts(&element, entries, &["where", "create"])?;
                reader.connect_or_create(&element, reach, parts)
            }),
            "upsert" => self.each(&here, reach, value, |reader, row| {
                let (element, entries) = row;
                let parts = reader.parts(&element, entries, &["where", "create", "update"])?;
                reader.upsert(&element, reach, parts)
            }),
            "createMany" if element.is_listed() => self.create_many(&here, reach, value),
            "deleteMany" if element.is_listed() => self.delete_many(&here, reach, value),
            "updateMany" if element.is_listed() => {
                Err(self.refuse_at(element, operation, "Constraint", "is not taken: name each record with 'update'"))
            }
            _ => {
                let names = if element.is_listed() { &OPERATIONS[..10] } else { &OPERATIONS[..8] };
                let why = format!("is no operation on related records; there are {}", names.join(", "));
                Err(self.refuse_with(element, operation, "InvalidApiAction".to_owned(), &why))
            }
        }
    }

    /// Reads the rows that one operation names: an object, or a list of objects if the relation leads to many rows.
    fn each(
        &mut self,
        here: &Element<'_>,
        reach: Reach<'_>,
        value: Value,
        mut read: impl FnMut(&mut Self, Row<'_>) -> Result<Vec<Change>, Refused>,
    ) -> Result<Vec<Change>, Refused> {
        let Value::Array(items) = value else { return self.one(here, reach, value, &mut read) };
        if !here.is_listed() {
            return Err(self.refuse(here, "IsObjectConstraint", "must be an object"));
        }
        let mut changes = Vec::with_capacity(items.len());
        let mut refused = None;
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{}.{index}", here.path);
            match self.one(&here.at(&path), reach, item, &mut read) {
                Ok(more) => changes.extend(more),
                Err(refusal) => refused = Some(refusal),
            }
        }
        refused.map_or(Ok(changes), Err)
    }

    fn one(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        value: Value,
        read: &mut impl FnMut(&mut Self, Row<'_>) -> Result<Vec<Change>, Refused>,
    ) -> Result<Vec<Change>, Refused> {
        // Counted before it is read, like an element of the short form.
        if element.is_listed() {
            self.count(element, reach)?;
        }
        match value {
            Value::Object(entries) => read(self, (*element, entries)),
            // `{ "disconnect": true }`: at most one row is linked.
            Value::Bool(true) if !element.is_listed() => read(self, (*element, Map::new())),
            _ => Err(self.refuse(element, "IsObjectConstraint", "must be an object")),
        }
    }

    fn long_named(&mut self, row: Row<'_>, reach: Reach<'_>, action: Action) -> Result<Vec<Change>, Refused> {
        let (element, mut entries) = row;
        flatten(element.target.meta, &mut entries);
        self.act(&element, reach, action, entries)
    }

    fn long_create(&mut self, row: Row<'_>, reach: Reach<'_>) -> Result<Vec<Change>, Refused> {
        let (element, entries) = row;
        self.act(&element, reach, Action::Create, entries)
    }

    /// Reads `{ "where": …, "data": … }`; for a relation to one row, its values alone are enough.
    fn long_update(&mut self, row: Row<'_>, reach: Reach<'_>) -> Result<Vec<Change>, Refused> {
        let (element, entries) = row;
        let apart = entries.contains_key("data") && !is_member(element.target.meta, "data");
        if !apart && !element.is_listed() {
            return self.act(&element, reach, Action::Update, entries);
        }
        let [key, data, _] = self.parts(&element, entries, &["where", "data"])?;
        self.update_apart(&element, reach, key, data)
    }

    fn long_set(
        &mut self,
        relation: &Element<'_>,
        here: &Element<'_>,
        reach: Reach<'_>,
        value: Value,
    ) -> Result<Vec<Change>, Refused> {
        if value.is_null() || value == Value::Array(Vec::new()) {
            return self.cleared(relation, reach);
        }
        self.each(here, reach, value, |reader, row| reader.long_named(row, reach, Action::Set))
    }

    /// Reads `{ "data": [ … ] }`. Prisma's `skipDuplicates` is refused, because it would leave out rows silently.
    fn create_many(&mut self, here: &Element<'_>, reach: Reach<'_>, value: Value) -> Result<Vec<Change>, Refused> {
        let Value::Object(mut entries) = value else {
            return Err(self.refuse(here, "IsObjectConstraint", "must be an object with 'data'"));
        };
        if entries.remove("skipDuplicates").is_some_and(|skips| skips != Value::Bool(false)) {
            let why = "is not taken: use 'connectOrCreate' for records that may be there";
            return Err(self.refuse_at(here, "skipDuplicates", "Constraint", why));
        }
        let data = entries.remove("data").unwrap_or_default();
        self.refuse_values(here, &entries)?;
        let path = format!("{}.data", here.path);
        self.each(&here.at(&path), reach, data, |reader, row| reader.long_create(row, reach))
    }

    /// Deletes rows by their ids: `{ "id": … }` or `{ "id": { "in": [ … ] } }`. Any other filter is refused.
    fn delete_many(&mut self, here: &Element<'_>, reach: Reach<'_>, value: Value) -> Result<Vec<Change>, Refused> {
        let filters = if let Value::Array(filters) = value { filters } else { vec![value] };
        let mut rows = Vec::new();
        for filter in filters {
            match ids(filter) {
                Some(ids) => {
                    rows.extend(ids.into_iter().map(|id| Value::Object(Map::from_iter([("id".to_owned(), id)]))))
                }
                None => {
                    let why = "takes ids alone: { \"id\": { \"in\": [ … ] } }, or name each record with 'delete'";
                    return Err(self.refuse(here, "Constraint", why));
                }
            }
        }
        self.each(here, reach, Value::Array(rows), |reader, row| reader.long_named(row, reach, Action::Delete))
    }

    /// The objects under these keys, in this order. `where` may be absent, and then names no row.
    pub(super) fn parts(
        &mut self,
        element: &Element<'_>,
        mut entries: Map<String, Value>,
        names: &[&str],
    ) -> Result<[Part; 3], Refused> {
        let mut parts: [Part; 3] = Default::default();
        let mut refused = None;
        for (part, name) in parts.iter_mut().zip(names) {
            part.path = format!("{}.{name}", element.path);
            match entries.remove(*name) {
                Some(Value::Object(entries)) => part.entries = entries,
                None if *name == "where" => {}
                None => refused = Some(self.refuse_at(element, name, "RequiredConstraint", "is required")),
                Some(_) => refused = Some(self.refuse_at(element, name, "IsObjectConstraint", "must be an object")),
            }
        }
        flatten(element.target.meta, &mut parts[0].entries);
        let why = format!("is not known here; there are {}", names.join(", "));
        for name in entries.keys() {
            refused = Some(self.refuse_with(element, name, "UnknownField".to_owned(), &why));
        }
        refused.map_or(Ok(parts), Err)
    }
}

/// The ids that a filter of `deleteMany` names; `None` if it contains anything else.
fn ids(filter: Value) -> Option<Vec<Value>> {
    let Value::Object(mut filter) = filter else { return None };
    let id = filter.remove("id").filter(|_| filter.is_empty())?;
    match id {
        Value::Object(mut operators) => match operators.remove("in")? {
            Value::Array(ids) if operators.is_empty() => Some(ids),
            _ => None,
        },
        id => Some(vec![id]),
    }
}

/// Unwraps Prisma's name for a unique index of several fields: `{ "userId_roleId": { "userId": …, "roleId": … } }`.
fn flatten(meta: &ModelMeta, entries: &mut Map<String, Value>) {
    let joined = meta.uniques.iter().filter(|unique| unique.fields.len() > 1).map(|unique| unique.fields.join("_"));
    for name in joined.filter(|name| !is_member(meta, name)) {
        let values = entries.get(&name).and_then(Value::as_object);
        // A value that is given twice stays wrapped, and is refused as unknown.
        if let Some(values) = values.filter(|values| values.keys().all(|key| !entries.contains_key(key))).cloned() {
            entries.remove(&name);
            entries.extend(values);
        }
    }
}
