//! The rows that the keys of a written row name.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{QueryResult, Value};

use super::create_one::create_each;
use super::delete_one::delete_one;
use super::locate::{locate, scope_of};
use super::refusal::{self, Refusal};
use super::update_one::update_one;
use crate::access::{Authority, RowRule, Scope, decide, id_from, optional_id};
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::http::ApiError;
use crate::resource::{Change, Draft, Id, Key, ModelKind, Operation, RelationKind, RowValues};

/// What the caller may not see, they cannot point at: a key to what is hidden is answered like one to what is not there. Where every row may be
/// seen, the database's own word is enough; and so it is for callers who may look at no row of the model at all, as keys
/// would otherwise be nobody's to set but theirs who may read accounts.
///
/// # Errors
/// 400 `ReferencedRecordNotFound` of each row.
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
        let RelationKind::BelongsTo { field } = relation.kind else { continue };
        let (Some(field), Some(target)) = (model.meta.field_index(field), ctx.core.model(relation.target)) else {
            continue;
        };
        let own = ctx.principal.account().filter(|_| target.meta.kind == ModelKind::Account);
        let foreign = |id: &Id| Some(*id) != own && !ctx.known.contains(&(target.meta.name, *id));
        let named = |row: &RowValues| row.get(field).and_then(id_in).filter(foreign);
        let ids: BTreeSet<Id> = rows.iter().filter_map(named).collect();
        // Most changes set no key: then nobody need be asked who sees what.
        if ids.is_empty() {
            continue;
        }
        let viewing = Operation::FindMany.action(target.meta);
        let Ok(view) = decide(target.meta, &target.masks, viewing, &ctx.principal) else { continue };
        if view.rows == RowRule::Every && !target.meta.soft_delete {
            continue;
        }
        let visible = visible_among(ctx, target, &view, &ids).await?;
        let hidden = |row: &RowValues| named(row).is_some_and(|id| !visible.contains(&id));
        let refused = rows.iter().enumerate().filter(|(_, row)| hidden(row));
        Refusal::unless_empty(refused.map(|(index, _)| (index, refusal::no_such_reference())).collect())?;
    }
    Ok(())
}

/// The same of a body that is written with the application's own rights: it names no more than its sender sees.
///
/// # Errors
/// 400 `ReferencedRecordNotFound`.
pub(crate) async fn check_own_references(ctx: &Context<'_>, model: &Model, row: RowValues) -> Result<(), ApiError> {
    let scope = Scope { authority: Authority::Caller, ..Scope::system() };
    check_references(ctx, model, &scope, &[row]).await.map_err(Refusal::of_one)
}

/// The id that a key holds, if any.
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

/// Finds and makes the rows that keys of new rows are to name, and fills the keys in. Other rows are made first, as a key
/// needs its row; and before interceptors run, which so see every key as it will be.
///
/// # Errors
/// 400 `ReferencedRecordNotFound`, and whatever the other models refuse with.
pub(super) async fn settle(
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
        let end = End::of(ctx, model, scope, relation)?;
        for (nth, id) in end.connected(ctx, wanted.connect).await? {
            drafts[nth].input.set_key(end.field, Some(id));
        }
        for (nth, id) in end.created(ctx, wanted.create).await? {
            drafts[nth].input.set_key(end.field, Some(id));
        }
        for (key, draft) in wanted.update {
            end.update(ctx, key, draft).await?;
        }
    }
    Ok(())
}

/// What new rows want of the rows at the other end of one relation.
#[derive(Default)]
struct Wanted {
    connect: Vec<(usize, Key)>,
    create: Vec<(usize, Draft)>,
    update: Vec<(Key, Draft)>,
}

impl Wanted {
    fn add(&mut self, nth: usize, change: Change) {
        match change {
            Change::Connect(key) => self.connect.push((nth, key)),
            Change::Create(draft) => self.create.push((nth, draft)),
            Change::Update(key, draft) => self.update.push((key, draft)),
            // The key that says so is null already.
            Change::Disconnect(_) | Change::Delete(_) => {}
        }
    }
}

/// The same for the keys of a row that changes.
///
/// # Errors
/// As of new rows; 404 where the row itself is not there.
pub(super) async fn settle_change(
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
    select.push(ctx.core.db.dialect().lock());
    let found = ctx.source().one(select).await?;
    let row = found.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    for reference in references {
        let end = End::of(ctx, model, scope, reference.relation)?;
        match reference.change {
            Change::Connect(key) => {
                for (_, id) in end.connected(ctx, vec![(0, key)]).await? {
                    draft.input.set_key(end.field, Some(id));
                }
            }
            Change::Create(other) => {
                for (_, id) in end.created(ctx, vec![(0, other)]).await? {
                    draft.input.set_key(end.field, Some(id));
                }
            }
            Change::Update(key, other) => {
                let linked = end.linked(ctx, &row, key, Operation::UpdateOne).await?;
                end.update(ctx, Key::Id(linked), other).await?;
            }
            Change::Disconnect(key) => {
                end.linked(ctx, &row, key, Operation::FindOne).await?;
            }
            Change::Delete(key) => {
                let linked = end.linked(ctx, &row, key, Operation::DeleteOne).await?;
                deletions.0.push((end.target.meta.name, linked));
            }
        }
    }
    Ok(deletions)
}

/// Rows to be deleted once no key names them.
#[must_use]
pub(super) struct Deletions(Vec<(&'static str, Id)>);

impl Deletions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) async fn make(self, ctx: &mut Context<'_>, authority: Authority) -> Result<(), ApiError> {
        for (name, id) in self.0 {
            let core = ctx.core;
            let Some(target) = core.model(name) else { continue };
            let scope = scope_of(ctx, target, authority, Operation::DeleteOne)?;
            ctx.aside(async |ctx| delete_one(ctx, target, &scope, id).await).await?;
        }
        Ok(())
    }
}

/// The model that a key leads to.
struct End<'r> {
    target: &'r Model,
    /// Position of the key.
    field: usize,
    authority: Authority,
}

impl<'r> End<'r> {
    fn of(ctx: &Context<'r>, model: &Model, scope: &Scope, relation: usize) -> Result<Self, ApiError> {
        let relation = &model.meta.relations[relation];
        let field = match relation.kind {
            RelationKind::BelongsTo { field } => model.meta.field_index(field),
            _ => None,
        };
        match (ctx.core.model(relation.target), field) {
            (Some(target), Some(field)) => Ok(Self { target, field, authority: scope.authority }),
            _ => Err(ApiError::internal(format!("{} has no key for {}", model.meta.name, relation.name))),
        }
    }

    async fn connected(&self, ctx: &mut Context<'_>, wanted: Vec<(usize, Key)>) -> Result<Vec<(usize, Id)>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (nths, keys): (Vec<usize>, Vec<Key>) = wanted.into_iter().unzip();
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        let ids = locate(ctx, self.target, &view, None, &keys).await?;
        Ok(nths.into_iter().zip(ids).collect())
    }

    async fn created(&self, ctx: &mut Context<'_>, wanted: Vec<(usize, Draft)>) -> Result<Vec<(usize, Id)>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (nths, drafts): (Vec<usize>, Vec<Draft>) = wanted.into_iter().unzip();
        let scope = scope_of(ctx, self.target, self.authority, Operation::CreateOne)?;
        // Operations call each other here, as deep as bodies nest.
        let ids = Box::pin(create_each(ctx, self.target, &scope, drafts)).await?;
        ctx.known.extend(ids.iter().map(|id| (self.target.meta.name, *id)));
        Ok(nths.into_iter().zip(ids).collect())
    }

    async fn update(&self, ctx: &mut Context<'_>, key: Key, draft: Draft) -> Result<(), ApiError> {
        let scope = scope_of(ctx, self.target, self.authority, Operation::UpdateOne)?;
        let ids = locate(ctx, self.target, &scope, None, &[key]).await?;
        let Some(id) = ids.first() else { return Ok(()) };
        let place = draft.place.clone();
        let updated = Box::pin(ctx.aside(async |ctx| update_one(ctx, self.target, &scope, *id, draft).await)).await;
        updated.map_err(|error| refusal::at(&place, error))?;
        Ok(())
    }

    /// The row that the key in `row` names, which `key` must name, too, and which the operation must reach.
    async fn linked(
        &self,
        ctx: &Context<'_>,
        row: &QueryResult,
        key: Key,
        operation: Operation,
    ) -> Result<Id, ApiError> {
        let mut column = Row::skipping(row, self.field);
        let linked = optional_id(&mut column, self.target.meta.id)?.ok_or_else(refusal::no_such_reference)?;
        let scope = scope_of(ctx, self.target, self.authority, operation)?;
        let keys = if key == Key::Linked { vec![Key::Id(linked)] } else { vec![Key::Id(linked), key] };
        let ids = locate(ctx, self.target, &scope, None, &keys).await?;
        if ids.iter().all(|id| *id == linked) { Ok(linked) } else { Err(refusal::no_such_reference()) }
    }
}
