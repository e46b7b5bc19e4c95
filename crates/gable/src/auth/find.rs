//! Finds an account by an identifier, with one statement.

use chrono::{DateTime, Utc};

use super::Auth;
use super::account_columns::{ADDRESS_FIELD, address_column, password_field};
use super::error::AuthError;
use crate::context::{Context, Core};
use crate::db::{Row, Statement};
use crate::error::ApiError;
use crate::meta::{IdentifierMeta, ModelMeta, RelationKind};
use crate::model::{Id, id_from, typed_value};
use crate::query::Model;

/// The data of an account that the core needs before a password was verified.
pub(super) struct Found {
    pub(crate) account: Id,
    /// The stored hash.
    pub(crate) password: String,
    /// When the password was last changed, in milliseconds since the Unix epoch; 0 if never. A JWT contains this value
    /// and becomes invalid with the next change.
    pub(super) password_changed_at: i64,
    pub(super) email_verified: bool,
    /// The e-mail address of the account, if any.
    pub(super) address: Option<String>,
}

/// The e-mail address as an identifier, whether or not the schema allows it for logging in.
pub(crate) fn by_email(model: &Model) -> IdentifierMeta {
    IdentifierMeta {
        path: ADDRESS_FIELD,
        body_key: ADDRESS_FIELD,
        model: model.meta.name,
        field: ADDRESS_FIELD,
        relation: None,
    }
}

/// Finds the first account that has the typed text as one of these identifiers, in their order.
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

/// The accounts that a typed text identifies.
pub(super) struct NamedAccount {
    /// The first account that has the text as one of the wanted identifiers.
    pub(super) found: Option<Found>,
    /// Every account that has the text as any identifier, sorted by id.
    pub(super) holders: Vec<Id>,
}

/// Like `find`, but also returns every account that has the text as any other identifier.
pub(super) async fn find_all(
    ctx: &Context<'_>,
    auth: &Auth,
    model: &Model,
    wanted: &[IdentifierMeta],
    typed: &str,
) -> Result<NamedAccount, AuthError> {
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
    Ok(NamedAccount { found, holders })
}

/// Every identifier that any surface accepts: those of the schema, and the e-mail address.
fn every_identifier(auth: &Auth, model: &Model) -> Vec<IdentifierMeta> {
    let mut every = auth.meta.identifiers.to_vec();
    if address_column(model).is_some() && every.iter().all(|identifier| identifier.path != ADDRESS_FIELD) {
        every.push(by_email(model));
    }
    every
}

/// The form of a typed text under which attempts are counted. If any identifier is case-insensitive, all texts are
/// counted in lower case. Otherwise the spellings of an existing name would share one count and those of an unknown
/// name would not, which would reveal whether the account exists.
pub(super) fn counted(core: &Core, auth: &Auth, model: &Model, text: &str) -> String {
    let folds = |place: Place| place.holder.fields[place.field].case_insensitive;
    match places(core, model, &every_identifier(auth, model)).any(folds) {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    }
}

/// Reads all identifiers of an account, in the form under which attempts are counted.
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

/// Maximum number of identifiers that are read for one account, such as the phone numbers of a `hasMany` relation.
const MOST_NAMES: i64 = 1_000;

/// The field that holds an identifier.
struct Place {
    holder: &'static ModelMeta,
    field: usize,
    way: Way,
}

/// How the row of an identifier is related to the account.
#[derive(Clone, Copy)]
enum Way {
    /// It is the row of the account.
    Own,
    /// This column of the row refers to the account.
    Theirs(&'static str),
    /// This column of the account refers to the row.
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

/// A field and the value to search for.
type Term = (Place, sea_orm::Value);

/// The terms to search for. Fields whose type the text cannot have are left out, such as an integer field for an e-mail
/// address.
fn terms(core: &Core, model: &Model, identifiers: &[IdentifierMeta], typed: &str) -> Vec<Term> {
    let term = |place: Place| {
        let field = &place.holder.fields[place.field];
        let value = field.folded(typed_value(field.kind, typed).ok()?);
        Some((place, value))
    };
    places(core, model, identifiers).filter_map(term).collect()
}

/// The accounts that match, each with the position of the matching term, in the order of the terms. Each term is a
/// subquery of its own, so that it uses its index: one condition with OR would scan all accounts.
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
    match address_column(model) {
        Some(column) => statement.push("a.").identifier(column),
        None => statement.push("NULL"),
    };
    Ok(())
}
