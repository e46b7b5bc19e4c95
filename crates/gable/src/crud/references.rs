//! The rows that the foreign keys of a written row point to.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::Value;

use super::locate::{locate, locate_each, scope_of};
use super::nested::in_order;
use super::refusal::{self, Refusal};
use super::sorted::{Made, Repeats};
use crate::access::{Authority, RowRule, Scope, decide};
use crate::context::Context;
use crate::db::{RawRow, Row};
use crate::error::ApiError;
use crate::meta::{ModelKind, Operation, RelationKind};
use crate::model::input::Form;
use crate::model::{Change, Draft, Id, Key, Reference, RowRef, RowValues, Upsert, id_from, optional_id};
use crate::query::Model;

/// Refuses foreign keys to rows that the caller may not see, with the error for rows that do not exist. If the caller
/// may see every row, the database's own constraint is enough. Nor is a key checked if the caller may not read the
/// model at all: otherwise only callers who may read accounts could set a key to one.
///
/// # Errors
/// 400 `ReferencedRecordNotFound`, with the keys of each refused row.
pub(super) async fn check_references(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    rows: &[RowValues],
) -> Result<(), Refusal> {
    if scope.authority != Authority::Caller {
        return Ok(());
    }
    for relation in model.meta.relations {
        let RelationKind::BelongsTo { field: key } = relation.kind else { continue };
        let (Some(field), Some(target)) = (model.meta.field_index(key), ctx.core.model(relation.target)) else {
            continue;
        };
        let own = ctx.principal.account().filter(|_| target.meta.kind == ModelKind::Account);
        let foreign = |id: &Id| Some(*id) != own && !ctx.write.known.contains(&(target.meta.name, *id));
        let key_in = |row: &RowValues| row.get(field).and_then(id_in).filter(foreign);
        let ids: BTreeSet<Id> = rows.iter().filter_map(key_in).collect();
        // Most changes set no key and need no decision about access.
        if ids.is_empty() {
            continue;
        }
        let viewing = target.meta.action_of(Operation::FindMany);
        let Ok(view) = decide(target.meta, &target.masks, viewing, &ctx.principal) else { continue };
        if view.rows == RowRule::Every && !target.meta.soft_delete {
            continue;
        }
        let visible = visible_among(ctx, target, &view, &ids).await?;
        let hidden = |row: &RowValues| key_in(row).is_some_and(|id| !visible.contains(&id));
        let refused = rows.iter().enumerate().filter(|(_, row)| hidden(row));
        Refusal::unless_empty(refused.map(|(index, _)| (index, refusal::no_such_references(&[key]))).collect())?;
    }
    Ok(())
}

/// Checks the foreign keys in the body of an account that signs up or changes itself: they may point only to rows that
/// the sender sees. Keys that are not known yet are checked once they are.
///
/// # Errors
/// 400 `ReferencedRecordNotFound`, or `InlineRecordNotFound` for a key that was given through its relation.
pub(crate) async fn check_own_references(
    ctx: &Context<'_>,
    model: &Model,
    form: Form,
    draft: &Draft,
) -> Result<(), ApiError> {
    let mut row = match form {
        Form::Create => model.resource.create_row(draft.input.clone()),
        Form::Update => model.resource.update_row(draft.input.clone()),
    };
    for Reference { relation, .. } in &draft.references {
        if let RelationKind::BelongsTo { field } = model.meta.relations[*relation].kind
            && let Some(field) = model.meta.field_index(field)
        {
            row.leave_out(field);
        }
    }
    let scope = Scope { authority: Authority::Caller, ..Scope::system() };
    let checked = check_references(ctx, model, &scope, &[row]).await;
    checked.map_err(|refused| refusal::inline(refused.of_one(), &draft.inline))
}

/// The id in the value of a key, if any.
fn id_in(value: &Value) -> Option<Id> {
    match value {
        Value::Uuid(id) => id.map(Id::Uuid),
        Value::BigInt(id) => id.map(Id::Integer),
        _ => None,
    }
}

async fn visible_among(
    ctx: &Context<'_>,
    target: &Model,
    view: &Scope,
    ids: &BTreeSet<Id>,
) -> Result<BTreeSet<Id>, ApiError> {
    let rows = ctx.source().all(target.sql.ids_among(view, ids)).await?;
    Ok(rows.iter().map(|row| id_from(&mut Row::new(row), target.meta.id)).collect::<Result<_, _>>()?)
}

/// Finds or creates the rows that the keys of new rows point to, and fills in the keys. The other rows come first,
/// because a key needs its row; interceptors run later, so that they see the final keys.
///
/// # Errors
/// 400 `InlineRecordNotFound` or `ReferencedRecordNotFound`, and the errors of operations on the other models.
pub(super) async fn resolve_references(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    drafts: &mut [Draft],
) -> Result<(), ApiError> {
    let mut wanted: BTreeMap<usize, Wanted> = BTreeMap::new();
    for (nth, draft) in drafts.iter_mut().enumerate() {
        for reference in std::mem::take(&mut draft.references) {
            wanted.entry(reference.relation).or_default().add(nth, reference.change);
        }
    }
    for (relation, wanted) in wanted {
        let referent = Referent::of(ctx, model, scope, relation)?;
        for (nth, id) in referent.connected(ctx, wanted.connect).await? {
            drafts[nth].input.set_key(referent.field, Some(id));
        }
        for (nth, id) in referent.created(ctx, wanted.create).await? {
            drafts[nth].input.set_key(referent.field, Some(id));
        }
        referent.updated(ctx, wanted.update).await?;
        for (nth, id) in referent.connected_or_created(ctx, wanted.connect_or_create).await? {
            drafts[nth].input.set_key(referent.field, Some(id));
        }
        for (nth, id) in referent.upserted(ctx, wanted.upsert).await? {
            drafts[nth].input.set_key(referent.field, Some(id));
        }
    }
    Ok(())
}

/// The changes that new rows ask for at the other end of one relation.
#[derive(Default)]
struct Wanted {
    connect: Vec<(usize, RowRef)>,
    create: Vec<(usize, Draft)>,
    update: Vec<(RowRef, Draft)>,
    connect_or_create: Vec<(usize, RowRef, Draft)>,
    upsert: Vec<(usize, Upsert)>,
}

impl Wanted {
    fn add(&mut self, nth: usize, change: Change) {
        match change {
            Change::Connect(row_ref) => self.connect.push((nth, row_ref)),
            Change::Create(draft) => self.create.push((nth, draft)),
            Change::Update(row_ref, draft) => self.update.push((row_ref, draft)),
            // The key of the new row is null already.
            Change::Disconnect(_) | Change::Delete(_) => {}
            Change::ConnectOrCreate(row_ref, draft) => self.connect_or_create.push((nth, row_ref, draft)),
            Change::Upsert(upsert) => self.upsert.push((nth, upsert)),
            // Not read from bodies: `set` of a key is read as `connect`.
            Change::Set(_) => {}
        }
    }
}

/// Like `resolve_references`, for the keys of a row that changes. Returns the rows to delete after the change.
///
/// # Errors
/// As for `resolve_references`; 404 if the row itself does not exist.
pub(super) async fn resolve_changed_references(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    draft: &mut Draft,
) -> Result<Deletions, ApiError> {
    let mut deletions = Deletions(Vec::new());
    let references = std::mem::take(&mut draft.references);
    if references.is_empty() {
        return Ok(deletions);
    }
    let mut select = model.sql.by_id(scope, id);
    select.push_for_update();
    let found = ctx.source().one(select).await?;
    let row = found.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    for Reference { relation, change } in references {
        let referent = Referent::of(ctx, model, scope, relation)?;
        if let Some(id) = referent.settled(ctx, &row, change, &mut deletions).await? {
            draft.input.set_key(referent.field, Some(id));
        }
    }
    Ok(deletions)
}

/// Rows to delete once no key points to them, with their places in the body.
#[must_use]
pub(super) struct Deletions(Vec<(&'static str, Id, String)>);

impl Deletions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) async fn make(self, ctx: &mut Context<'_>, authority: Authority) -> Result<(), ApiError> {
        for (name, id, place) in self.0 {
            let core = ctx.core;
            let Some(target) = core.model(name) else { continue };
            let scope = scope_of(ctx, target, authority, Operation::DeleteOne)?;
            ctx.core.operations.delete(ctx, target, &scope, (id, &place)).await?;
        }
        Ok(())
    }
}

/// The model that a foreign key points to.
struct Referent<'r> {
    target: &'r Model,
    /// Position of the key among the fields.
    field: usize,
    authority: Authority,
}

impl<'r> Referent<'r> {
    fn of(ctx: &Context<'r>, model: &Model, scope: &Scope, relation: usize) -> Result<Self, ApiError> {
        let relation = &model.meta.relations[relation];
        let field = match relation.kind {
            RelationKind::BelongsTo { field } => model.meta.field_index(field),
            _ => None,
        };
        match (ctx.core.model(relation.target), field) {
            (Some(target), Some(field)) => Ok(Self { target, field, authority: scope.authority.beyond() }),
            _ => Err(ApiError::internal(format!("{} has no key for {}", model.meta.name, relation.name))),
        }
    }

    async fn connected(
        &self,
        ctx: &mut Context<'_>,
        wanted: Vec<(usize, RowRef)>,
    ) -> Result<Vec<(usize, Id)>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (nths, row_refs): (Vec<usize>, Vec<RowRef>) = wanted.into_iter().unzip();
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        let ids = locate(ctx, self.target, &view, None, &row_refs).await?;
        Ok(nths.into_iter().zip(ids).collect())
    }

    async fn created(&self, ctx: &mut Context<'_>, wanted: Vec<(usize, Draft)>) -> Result<Vec<(usize, Id)>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (nths, drafts): (Vec<usize>, Vec<Draft>) = wanted.into_iter().unzip();
        let scope = scope_of(ctx, self.target, self.authority, Operation::CreateOne)?;
        // Boxed, because operations call each other recursively, as deep as bodies nest.
        let ids = ctx.core.operations.create_each(ctx, self.target, &scope, drafts).await?;
        ctx.write.known.extend(ids.iter().map(|id| (self.target.meta.name, *id)));
        Ok(nths.into_iter().zip(ids).collect())
    }

    /// Rows are looked up once; a row that one element creates is used for later elements that name it.
    async fn connected_or_created(
        &self,
        ctx: &mut Context<'_>,
        wanted: Vec<(usize, RowRef, Draft)>,
    ) -> Result<Vec<(usize, Id)>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        let keys = wanted.iter().map(|(_, row_ref, _)| &row_ref.key).collect();
        let found = locate_each(ctx, self.target, &view, None, keys).await?;
        let (mut ids, mut create, mut again, mut made) = (Vec::new(), Vec::new(), Vec::new(), Made::default());
        for ((nth, row_ref, draft), found) in wanted.into_iter().zip(found) {
            match found {
                Some(id) => ids.push((nth, id)),
                None if Repeats::Wait.makes(&mut made, &row_ref.key) => create.push((nth, draft)),
                None => again.push((nth, row_ref)),
            }
        }
        ids.extend(self.created(ctx, create).await?);
        ids.extend(self.connected(ctx, again).await?);
        Ok(ids)
    }

    /// For new rows: an existing row is changed and a missing one is created; the key points to it either way.
    async fn upserted(
        &self,
        ctx: &mut Context<'_>,
        wanted: Vec<(usize, Upsert)>,
    ) -> Result<Vec<(usize, Id)>, ApiError> {
        let mut ids = Vec::with_capacity(wanted.len());
        for (nth, Upsert { row_ref, update, create, .. }) in wanted {
            let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
            let found = locate_each(ctx, self.target, &view, None, vec![&row_ref.key]).await?;
            match found.first().copied().flatten() {
                Some(id) => {
                    self.updated(ctx, vec![(RowRef { key: Key::Id(id), ..row_ref }, update)]).await?;
                    ids.push((nth, id));
                }
                None => ids.extend(self.created(ctx, vec![(nth, create)]).await?),
            }
        }
        Ok(ids)
    }

    async fn updated(&self, ctx: &mut Context<'_>, wanted: Vec<(RowRef, Draft)>) -> Result<(), ApiError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let (row_refs, drafts): (Vec<RowRef>, Vec<Draft>) = wanted.into_iter().unzip();
        let scope = scope_of(ctx, self.target, self.authority, Operation::UpdateOne)?;
        let ids = locate(ctx, self.target, &scope, None, &row_refs).await?;
        for (id, (draft, row_ref)) in in_order(ids.into_iter().zip(drafts.into_iter().zip(&row_refs))) {
            ctx.core.operations.update(ctx, self.target, &scope, (id, &row_ref.place), draft).await?;
        }
        Ok(())
    }

    /// Applies a change to the row that the key points to. Returns the id that the key is to hold instead, if any.
    async fn settled(
        &self,
        ctx: &mut Context<'_>,
        row: &RawRow,
        change: Change,
        deletions: &mut Deletions,
    ) -> Result<Option<Id>, ApiError> {
        let settled = match change {
            Change::Connect(row_ref) => self.connected(ctx, vec![(0, row_ref)]).await?,
            Change::Create(draft) => self.created(ctx, vec![(0, draft)]).await?,
            Change::Update(row_ref, draft) => {
                let (linked, scope) = self.linked(ctx, row, &row_ref, Operation::UpdateOne).await?;
                ctx.core.operations.update(ctx, self.target, &scope, (linked, &row_ref.place), draft).await?;
                Vec::new()
            }
            Change::ConnectOrCreate(row_ref, draft) => {
                self.connected_or_created(ctx, vec![(0, row_ref, draft)]).await?
            }
            Change::Upsert(upsert) => self.upsert_linked(ctx, row, upsert).await?,
            Change::Set(_) => return Err(ApiError::internal("a key leads to one row, and is not set to several")),
            Change::Disconnect(row_ref) => {
                self.linked(ctx, row, &row_ref, Operation::FindOne).await?;
                Vec::new()
            }
            Change::Delete(row_ref) => {
                let (linked, _) = self.linked(ctx, row, &row_ref, Operation::DeleteOne).await?;
                deletions.0.push((self.target.meta.name, linked, row_ref.place));
                Vec::new()
            }
        };
        Ok(settled.first().map(|(_, id)| *id))
    }

    /// Changes the row that the key in `row` points to, or creates one if the key is null. A row that the caller may
    /// not change is an error, and is not replaced by a new one.
    async fn upsert_linked(
        &self,
        ctx: &mut Context<'_>,
        row: &RawRow,
        Upsert { row_ref, update, create, .. }: Upsert,
    ) -> Result<Vec<(usize, Id)>, ApiError> {
        if optional_id(&mut Row::skipping(row, self.field), self.target.meta.id)?.is_none() {
            return self.created(ctx, vec![(0, create)]).await;
        }
        let (linked, scope) = self.linked(ctx, row, &row_ref, Operation::UpdateOne).await?;
        ctx.core.operations.update(ctx, self.target, &scope, (linked, &row_ref.place), update).await?;
        Ok(Vec::new())
    }

    /// The row that the key in `row` points to, and the scope of the operation.
    ///
    /// # Errors
    /// 400 if the key is null, if its row is not within the scope, or if the body names another row.
    async fn linked(
        &self,
        ctx: &Context<'_>,
        row: &RawRow,
        row_ref: &RowRef,
        operation: Operation,
    ) -> Result<(Id, Scope), ApiError> {
        let nothing = || refusal::no_such_records(&[&row_ref.place]);
        let mut column = Row::skipping(row, self.field);
        let linked = optional_id(&mut column, self.target.meta.id)?.ok_or_else(nothing)?;
        let scope = scope_of(ctx, self.target, self.authority, operation)?;
        let own = Key::Id(linked);
        let keys = if row_ref.key == Key::Linked { vec![&own] } else { vec![&own, &row_ref.key] };
        let ids = locate_each(ctx, self.target, &scope, None, keys).await?;
        if ids.iter().all(|id| *id == Some(linked)) { Ok((linked, scope)) } else { Err(nothing()) }
    }
}
