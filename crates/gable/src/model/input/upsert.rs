//! Reads `connectOrCreate` and `upsert`: elements whose row may or may not exist.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::body::BodyReader;
use super::element::{Action, Element, Part, Refused};
use super::long_form::is_member;
use super::naming::uniques;
use super::{Form, Reach};
use crate::error::Problem;
use crate::meta::{FieldSet, RelationKind};
use crate::model::{Among, Change, RowRef, Upsert};

impl BodyReader<'_> {
    /// Requires the rights both to link and to create the row, so that the answer does not reveal whether the row exists.
    pub(super) fn connect_or_create(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        [key, create, _]: [Part; 3],
    ) -> Result<Vec<Change>, Refused> {
        self.count_single(element, reach)?;
        let row_ref = self.key_alone(element, reach, Action::ConnectOrCreate, key);
        let create = self.draft(&element.at(&create.path), Form::Create, create.entries);
        self.may_link(element, reach, Action::Connect)?;
        Ok(vec![Change::ConnectOrCreate(row_ref?, create?)])
    }

    /// Requires the rights both to update and to create the row. In the body of a new row, which has no links yet, an
    /// existing row is also linked.
    pub(super) fn upsert(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        [key, create, update]: [Part; 3],
    ) -> Result<Vec<Change>, Refused> {
        self.count_single(element, reach)?;
        let row_ref = self.key_alone(element, reach, Action::Upsert, key);
        let before = self.problems.len();
        // In the short form, the same values are read twice, for the create and for the update. Elements nested in them
        // must not be read twice again.
        let whole = self.reader.reach;
        let read_twice = reach.read_twice || create.path == update.path;
        self.reader.reach = whole.map(|reach| Reach { read_twice, ..reach });
        let create = self.draft(&element.at(&create.path), Form::Create, create.entries);
        let created = self.problems.len();
        let update = self.draft(&element.at(&update.path), Form::Update, update.entries);
        self.reader.reach = whole;
        self.remove_repeated_problems(before, created);
        let among = match reach.form {
            Form::Create => Among::All,
            Form::Update => Among::Linked,
        };
        match among {
            Among::All => self.may_link(element, reach, Action::Connect)?,
            Among::Linked => self.may_repoint(element)?,
        }
        Ok(vec![Change::Upsert(Upsert { row_ref: row_ref?, among, update: update?, create: create? })])
    }

    /// `{ "where": …, "data": … }`
    pub(super) fn update_apart(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        key: Part,
        data: Part,
    ) -> Result<Vec<Change>, Refused> {
        self.count_single(element, reach)?;
        let row_ref = self.key_alone(element, reach, Action::Update, key)?;
        self.updated(element, reach, row_ref, data)
    }

    /// The parts of an element in the short form, one object: the row is named by its id or by the first unique index whose
    /// fields it has; the rest are the values of either row.
    pub(super) fn flat_parts(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        action: Action,
        entries: Map<String, Value>,
    ) -> Result<[Part; 3], Refused> {
        let meta = element.target.meta;
        let names: &[&str] =
            if action == Action::Upsert { &["where", "create", "update"] } else { &["where", "create"] };
        if names[1..].iter().any(|name| entries.contains_key(*name) && !is_member(meta, name)) {
            return self.parts(element, entries, names);
        }
        if action == Action::Upsert && reach.read_twice {
            let why =
                "is nested in another short 'upsert': write 'where', 'create' and 'update' separately in one of them";
            return Err(self.refuse(element, "ApiActionConstraint", why));
        }
        let readable = reach.rights.readable(meta.name).unwrap_or_default();
        // For a single linked row, a unique field is changed, not used to find the row.
        let linked = action == Action::Upsert && !element.is_listed() && reach.form == Form::Update;
        let keys = if linked { FieldSet::NONE } else { readable };
        let has = |name: &&str| entries.contains_key(*name);
        let unique = uniques(meta, &keys).map(|(_, fields)| fields).find(|fields| fields.iter().all(has));
        let key: &[&str] = if entries.contains_key("id") { &["id"] } else { unique.unwrap_or_default() };
        let value = |name: &&str| Some(((*name).to_owned(), entries.get(*name)?.clone()));
        let key_entries = key.iter().filter_map(value).collect();
        let mut update = if action == Action::Upsert { entries.clone() } else { Map::new() };
        update.retain(|name, _| !key.contains(&name.as_str()));
        let mut create = entries;
        create.remove("id");
        let part = |entries| Part { entries, path: element.path.to_owned() };
        Ok([part(key_entries), part(create), part(update)])
    }

    /// The row that a part names. The part may contain nothing else.
    fn key_alone(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        action: Action,
        key: Part,
    ) -> Result<RowRef, Refused> {
        let here = element.at(&key.path);
        let readable = reach.rights.readable(element.target.meta.name).unwrap_or_default();
        let mut entries = key.entries;
        let row_ref = self.named(&here, reach, action, (&readable, &readable), &mut entries)?;
        self.refuse_values(&here, &entries)?;
        Ok(row_ref)
    }

    /// Removes the problems of the second reading that the first one also found.
    fn remove_repeated_problems(&mut self, first: usize, second: usize) {
        let again = self.problems.split_off(second);
        let known: HashSet<Problem> = self.problems[first..].iter().cloned().collect();
        self.problems.extend(again.into_iter().filter(|problem| !known.contains(problem)));
    }

    /// Checks that the foreign key of this row may be set to the created row.
    fn may_repoint(&mut self, element: &Element<'_>) -> Result<(), Refused> {
        let RelationKind::BelongsTo { field } = element.relation.kind else { return Ok(()) };
        let Some(position) = self.meta.field_index(field) else { return Ok(()) };
        let key = &self.meta.fields[position];
        if key.immutable || key.read_only || !self.reader.writable.contains(position) {
            let why = format!("needs to change '{field}', which cannot be changed");
            return Err(self.refuse(element, "ApiActionConstraint", &why));
        }
        Ok(())
    }
}
