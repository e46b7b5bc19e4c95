//! Groups the changes to the rows at the other end of one relation by kind, and resolves `connectOrCreate` and `upsert`
//! by looking up their rows.

use std::collections::{BTreeMap, HashSet};

use super::locate::{locate_each, scope_of};
use super::relation_end::RelationEnd;
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Among, Change, Draft, Id, Key, Replacement, RowRef, Upsert};

/// Changes by kind. The first id is that of the written row.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) disconnect: BTreeMap<Id, Vec<RowRef>>,
    pub(super) delete: BTreeMap<Id, Vec<RowRef>>,
    pub(super) set: BTreeMap<Id, Replacement>,
    pub(super) connect: Vec<(Id, RowRef)>,
    pub(super) create: Vec<(Id, Draft)>,
    pub(super) update: BTreeMap<Id, Vec<(RowRef, Draft)>>,
    pub(super) connect_or_create: Vec<(Id, RowRef, Draft)>,
    pub(super) upsert: Vec<(Id, Upsert)>,
}

impl Sorted {
    pub(super) fn add(&mut self, id: Id, change: Change) {
        match change {
            Change::Connect(row_ref) => self.connect.push((id, row_ref)),
            Change::Create(draft) => self.create.push((id, draft)),
            Change::Update(row_ref, draft) => self.update.entry(id).or_default().push((row_ref, draft)),
            Change::Disconnect(row_ref) => self.disconnect.entry(id).or_default().push(row_ref),
            Change::Delete(row_ref) => self.delete.entry(id).or_default().push(row_ref),
            Change::ConnectOrCreate(row_ref, draft) => self.connect_or_create.push((id, row_ref, draft)),
            Change::Upsert(upsert) => self.upsert.push((id, upsert)),
            Change::Set(mut replacement) => match self.set.get_mut(&id) {
                // Code may set a relation twice: the rows of both are linked.
                Some(before) => before.rows.append(&mut replacement.rows),
                None => drop(self.set.insert(id, replacement)),
            },
        }
    }

    /// Whether rows may be created, changed or deleted, and not only linked.
    pub(super) fn operates(&self) -> bool {
        let links_alone = self.create.is_empty() && self.update.is_empty() && self.delete.is_empty();
        !(links_alone && self.connect_or_create.is_empty() && self.upsert.is_empty())
    }

    /// Whether no `connectOrCreate` or `upsert` is left.
    pub(super) fn is_empty(&self) -> bool {
        self.connect_or_create.is_empty() && self.upsert.is_empty()
    }

    /// Keys of the rows that `disconnect` and `delete` unlink from the written row.
    pub(super) fn unlinked(&self, id: Id) -> Vec<&Key> {
        let unlinked = self.disconnect.get(&id).into_iter().chain(self.delete.get(&id)).flatten();
        unlinked.map(|row_ref| &row_ref.key).collect()
    }

    /// Keys of the rows, other than those of `set`, that are linked to the written row afterwards.
    pub(super) fn linked_besides(&self, id: Id) -> Vec<&Key> {
        let connected = self.connect.iter().filter(|(to, _)| *to == id).map(|(_, row_ref)| &row_ref.key);
        let updated = self.update.get(&id).into_iter().flatten().map(|(row_ref, _)| &row_ref.key);
        let either = self.connect_or_create.iter().filter(|(to, ..)| *to == id).map(|(_, row_ref, _)| &row_ref.key);
        let upserted = self.upsert.iter().filter(|(to, _)| *to == id).map(|(_, upsert)| &upsert.row_ref.key);
        connected.chain(updated).chain(either).chain(upserted).collect()
    }
}

/// The changes that `connectOrCreate` and `upsert` elements resolve to.
#[derive(Default)]
pub(super) struct Either {
    pub(super) connect: Vec<(Id, RowRef)>,
    pub(super) create: Vec<(Id, Draft)>,
    pub(super) update: BTreeMap<Id, Vec<(RowRef, Draft)>>,
    /// Elements that wait for a row that an earlier element creates.
    pub(super) again: Sorted,
}

/// Keys of the rows that elements create.
#[derive(Default)]
pub(super) struct Made(HashSet<String>);

/// Treatment of an element that names a missing row by the unique values of an earlier element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// It waits, and is resolved again once that row has been created.
    Wait,
    /// It creates a row as well; the database refuses duplicates of unique values.
    Make,
}

impl Repeats {
    /// Whether an element with this key creates its row now.
    pub(super) fn makes(self, made: &mut Made, key: &Key) -> bool {
        let waits = self == Repeats::Wait && matches!(key, Key::Unique { .. });
        // Values implement neither `Ord` nor `Hash`, so their debug text is the key.
        !waits || made.0.insert(format!("{key:?}"))
    }
}

impl RelationEnd<'_> {
    /// Resolves elements by looking up the rows that the caller sees. An existing row that the caller may not link or
    /// change is refused by the operation that would do so. A row that the caller does not see is created, which the
    /// database refuses if a unique value is taken.
    pub(super) async fn either(
        &self,
        ctx: &Context<'_>,
        connect_or_create: Vec<(Id, RowRef, Draft)>,
        upsert: Vec<(Id, Upsert)>,
        repeats: Repeats,
    ) -> Result<Either, ApiError> {
        let (mut either, mut made) = (Either::default(), Made::default());
        if connect_or_create.is_empty() && upsert.is_empty() {
            return Ok(either);
        }
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        let keys = connect_or_create.iter().map(|(_, row_ref, _)| &row_ref.key).collect();
        let found = locate_each(ctx, self.target, &view, None, keys).await?;
        for ((id, row_ref, draft), found) in connect_or_create.into_iter().zip(found) {
            match found {
                Some(other) => either.connect.push((id, RowRef { key: Key::Id(other), ..row_ref })),
                None if repeats.makes(&mut made, &row_ref.key) => either.create.push((id, draft)),
                None => either.again.add(id, Change::ConnectOrCreate(row_ref, draft)),
            }
        }
        for (id, upsert) in upsert {
            let link = (upsert.among == Among::Linked).then_some((self.link, id));
            let found = locate_each(ctx, self.target, &view, link, vec![&upsert.row_ref.key]).await?;
            match found.first().copied().flatten() {
                Some(other) => either.change(id, other, upsert),
                None if repeats.makes(&mut made, &upsert.row_ref.key) => either.create.push((id, upsert.create)),
                None => either.again.add(id, Change::Upsert(upsert)),
            }
        }
        Ok(either)
    }
}

impl Either {
    /// Records the change of an `upsert` whose row exists.
    fn change(&mut self, id: Id, other: Id, upsert: Upsert) {
        let row_ref = RowRef { key: Key::Id(other), ..upsert.row_ref };
        if upsert.among == Among::All {
            self.connect.push((id, row_ref.clone()));
        }
        self.update.entry(id).or_default().push((row_ref, upsert.update));
    }
}
