//! Finding an account by what identifies it, with one statement.

use chrono::{DateTime, Utc};

use super::error::AuthError;
use super::password::password_field;
use super::{Auth, address};
use crate::access::id_from;
use crate::app_meta::IdentifierMeta;
use crate::context::Context;
use crate::core::{Core, Model};
use crate::db::{Row, Statement};
use crate::http::ApiError;
use crate::query::typed_value;
use crate::resource::{Id, ModelMeta, RelationKind};

/// An account, as far as the core must know it before anybody proved anything.
pub(super) struct Found {
    pub(super) account: Id,
    /// The hash.
    pub(super) password: String,
    /// Which password that is: a token names it, and dies with it.
    pub(super) password_changed_at: i64,
    pub(super) email_verified: bool,
    /// Where mail reaches it.
    pub(super) address: Option<String>,
}

/// The identifier that every account with an e-mail address has, whether or not one may log in with it.
pub(super) fn by_email(model: &Model) -> IdentifierMeta {
    IdentifierMeta {
        path: address::FIELD,
        body_key: address::FIELD,
        model: model.meta.name,
        field: address::FIELD,
        relation: None,
    }
}

/// Finds the first account that fits, in the order of the identifiers.
pub(super) async fn find(
    ctx: &Context<'_>,
    model: &Model,
    identifiers: &[IdentifierMeta],
    typed: &str,
) -> Result<Option<Found>, AuthError> {
    let matching = terms(ctx.core, model, identifiers, typed);
    let found = matches(ctx, model, &matching).await?;
    Ok(found.into_iter().next().map(|(_, found)| found))
}

/// The accounts that a typed text leads to.
pub(super) struct Named {
    /// The account that is meant: the first that fits one of the wanted identifiers.
    pub(super) found: Option<Found>,
    /// Every account that has the text as an identifier of any kind, in the order of their ids.
    pub(super) holders: Vec<Id>,
}

/// Finds the account that is meant, like `find`, and with it every account that has the text under another key.
pub(super) async fn find_all(
    ctx: &Context<'_>,
    auth: &Auth,
    model: &Model,
    wanted: &[IdentifierMeta],
    typed: &str,
) -> Result<Named, AuthError> {
    let mut matching = terms(ctx.core, model, wanted, typed);
    let meant = matching.len();
    let others: Vec<IdentifierMeta> = every_identifier(auth, model)
        .into_iter()
        .filter(|other| wanted.iter().all(|one| one.path != other.path))
        .collect();
    matching.extend(terms(ctx.core, model, &others, typed));
    let rows = matches(ctx, model, &matching).await?;
    let mut holders: Vec<Id> = rows.iter().map(|(_, found)| found.account).collect();
    holders.sort_unstable();
    holders.dedup();
    let found = rows.into_iter().next().filter(|(rank, _)| *rank < meant).map(|(_, found)| found);
    Ok(Named { found, holders })
}

/// Every identifier that any surface takes: those that the schema names, and the e-mail address.
fn every_identifier(auth: &Auth, model: &Model) -> Vec<IdentifierMeta> {
    let mut every = auth.meta.identifiers.to_vec();
    if address::column(model).is_some() && every.iter().all(|identifier| identifier.path != address::FIELD) {
        every.push(by_email(model));
    }
    every
}

/// The form in which a typed text is counted. Where the case of any identifier does not matter, it matters for no count:
/// spellings that lead to one account would lock it together, and those of a name that nobody has, apart.
pub(super) fn counted(core: &Core, auth: &Auth, model: &Model, text: &str) -> String {
    let folds = |place: Place| place.holder.fields[place.field].case_insensitive;
    match places(core, model, &every_identifier(auth, model)).any(folds) {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    }
}

/// Reads all texts that identify an account, as they are counted.
pub(super) async fn names(ctx: &Context<'_>, auth: &Auth, account: Id) -> Result<Vec<String>, ApiError> {
    let model = ctx.core.account_model()?;
    let places: Vec<Place> = places(ctx.core, model, &every_identifier(auth, model)).collect();
    let mut select = model.sql.statement("");
    select.join(" UNION ALL ", &places, |select, place| {
        select.push("SELECT ").identifier(place.column()).push(" FROM ").identifier(place.holder.table).push(" WHERE ");
        match place.way {
            Way::Own => select.push("\"id\" = ").bind(account),
            Way::Theirs(key) => select.identifier(key).push(" = ").bind(account),
            Way::Mine(key) => {
                select.push("\"id\" IN (SELECT ").identifier(key).push(" FROM ").identifier(model.meta.table);
                select.push(" WHERE \"id\" = ").bind(account).push(")")
            }
        }
    });
    select.push(" LIMIT ").bind(MOST_NAMES);
    let rows = if places.is_empty() { Vec::new() } else { ctx.source().all(select).await? };
    let names = rows.iter().map(|row| Row::new(row).next::<Option<String>>()).collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().flatten().map(|name| counted(ctx.core, auth, model, &name)).collect())
}

/// More phone numbers, or the like, are not looked at.
const MOST_NAMES: i64 = 1_000;

/// Where an identifier stands.
struct Place {
    holder: &'static ModelMeta,
    field: usize,
    way: Way,
}

/// How its row belongs to the account.
#[derive(Clone, Copy)]
enum Way {
    /// It is the account's own.
    Own,
    /// A key of that row names the account.
    Theirs(&'static str),
    /// A key of the account names that row.
    Mine(&'static str),
}

impl Place {
    fn column(&self) -> &'static str {
        self.holder.fields[self.field].column
    }
}

fn places<'a>(
    core: &'a Core,
    model: &'a Model,
    identifiers: &'a [IdentifierMeta],
) -> impl Iterator<Item = Place> + use<'a> {
    identifiers.iter().filter_map(|identifier| {
        let holder = core.model(identifier.model)?.meta;
        let relation = model.meta.relations.iter().find(|relation| Some(relation.name) == identifier.relation);
        let way = match relation.map(|relation| relation.kind) {
            None => Way::Own,
            Some(RelationKind::HasOne { field } | RelationKind::HasMany { field }) => {
                Way::Theirs(holder.fields[holder.field_index(field)?].column)
            }
            Some(RelationKind::BelongsTo { field }) => {
                Way::Mine(model.meta.fields[model.meta.field_index(field)?].column)
            }
            Some(RelationKind::ManyToMany { .. }) => return None,
        };
        Some(Place { holder, field: holder.field_index(identifier.field)?, way })
    })
}

/// A place, and the value that is looked for there.
type Term = (Place, sea_orm::Value);

/// A text that can never be such an identifier is not looked up: an e-mail address is no phone number.
fn terms(core: &Core, model: &Model, identifiers: &[IdentifierMeta], typed: &str) -> Vec<Term> {
    let term = |place: Place| {
        let field = &place.holder.fields[place.field];
        let value = field.folded(typed_value(field.kind, typed).ok()?);
        Some((place, value))
    };
    places(core, model, identifiers).filter_map(term).collect()
}

/// The accounts that fit, with the position of the term that they fit, in the order of the terms. Each term is looked up
/// by itself, through its index: one condition of them all would read every account.
async fn matches(ctx: &Context<'_>, model: &Model, terms: &[Term]) -> Result<Vec<(usize, Found)>, AuthError> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = model.sql.statement("SELECT m.\"rank\", ");
    account_columns(&mut statement, model)?;
    statement.push(" FROM (");
    let ranked: Vec<(usize, &Term)> = terms.iter().enumerate().collect();
    statement.join(" UNION ALL ", &ranked, |statement, (rank, term)| look_up(statement, model, *rank, term));
    statement.push(") m JOIN ").identifier(model.meta.table).push(" a ON a.\"id\" = m.\"account\"");
    statement.push(if model.meta.soft_delete { " WHERE a.\"deleted_at\" IS NULL" } else { "" });
    statement.push(" ORDER BY m.\"rank\"");
    let rows = ctx.source().all(statement).await?;
    rows.iter().map(|row| read(model, &mut Row::new(row))).collect()
}

/// `SELECT 0 AS "rank", "id" AS "account" FROM "users" WHERE "email" = $1`
fn look_up<'s>(statement: &'s mut Statement, model: &Model, rank: usize, (place, value): &Term) -> &'s mut Statement {
    let holder = place.holder;
    let key = if let Way::Theirs(key) = place.way { key } else { "id" };
    statement.push(&format!("SELECT {rank} AS \"rank\", ")).identifier(key).push(" AS \"account\" FROM ");
    if let Way::Mine(key) = place.way {
        statement.identifier(model.meta.table).push(" WHERE ").identifier(key).push(" IN (SELECT \"id\" FROM ");
    }
    statement.identifier(holder.table).push(" WHERE ");
    if holder.fields[place.field].case_insensitive {
        statement.folded(|statement| {
            statement.identifier(place.column());
        });
    } else {
        statement.identifier(place.column());
    }
    statement.push(" = ").bind(value.clone());
    let related = !matches!(place.way, Way::Own);
    statement.push(if related && holder.soft_delete { " AND \"deleted_at\" IS NULL" } else { "" });
    statement.push(if let Way::Mine(_) = place.way { ")" } else { "" })
}

fn read(model: &Model, row: &mut Row<'_>) -> Result<(usize, Found), AuthError> {
    let rank = usize::try_from(row.next::<i32>()?).unwrap_or(usize::MAX);
    let account = id_from(row, model.meta.id)?;
    let (password, changed): (String, Option<DateTime<Utc>>) = (row.next()?, row.next()?);
    let (email_verified, address) = (row.next()?, row.next()?);
    let password_changed_at = changed.map_or(0, |time| time.timestamp_millis());
    Ok((rank, Found { account, password, password_changed_at, email_verified, address }))
}

fn account_columns(statement: &mut Statement, model: &Model) -> Result<(), AuthError> {
    statement.push("a.\"id\", a.").identifier(password_field(model)?.column);
    statement.push(", a.\"password_changed_at\", a.\"is_email_verified\", ");
    match address::column(model) {
        Some(column) => statement.push("a.").identifier(column),
        None => statement.push("NULL"),
    };
    Ok(())
}
