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
pub(super) struct StoredAccount {
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
pub(crate) fn email_identifier(model: &Model) -> IdentifierMeta {
    IdentifierMeta {
        path: ADDRESS_FIELD,
        body_key: ADDRESS_FIELD,
        model: model.meta.name,
        field: ADDRESS_FIELD,
        relation: None,
    }
}

/// Finds the first account that has the typed text as one of these identifiers, in their order.
pub(super) async fn find_account(
    ctx: &Context<'_>,
    model: &Model,
    identifiers: &[IdentifierMeta],
    typed: &str,
) -> Result<Option<StoredAccount>, AuthError> {
    let matching = search_terms(ctx.core, model, identifiers, typed);
    let found = matching_accounts(ctx, model, &matching).await?;
    Ok(found.into_iter().next().map(|(_, found)| found))
}

/// The accounts that a typed text identifies.
pub(super) struct AccountLookup {
    /// The first account that has the text as one of the wanted identifiers.
    pub(super) found: Option<StoredAccount>,
    /// Every account that has the text as any identifier, sorted by id.
    pub(super) holders: Vec<Id>,
}

/// Like `find_account`, but also returns every account that has the text as any other identifier.
pub(super) async fn find_account_and_holders(
    ctx: &Context<'_>,
    auth: &Auth,
    model: &Model,
    wanted: &[IdentifierMeta],
    typed: &str,
) -> Result<AccountLookup, AuthError> {
    let mut matching = search_terms(ctx.core, model, wanted, typed);
    let wanted_terms = matching.len();
    let others: Vec<IdentifierMeta> = every_identifier(auth, model)
        .into_iter()
        .filter(|other| wanted.iter().all(|one| one.path != other.path))
        .collect();
    matching.extend(search_terms(ctx.core, model, &others, typed));
    let rows = matching_accounts(ctx, model, &matching).await?;
    let mut holders: Vec<Id> = rows.iter().map(|(_, found)| found.account).collect();
    holders.sort_unstable();
    holders.dedup();
    let found = rows.into_iter().next().filter(|(rank, _)| *rank < wanted_terms).map(|(_, found)| found);
    Ok(AccountLookup { found, holders })
}

/// Every identifier that any surface accepts: those of the schema, and the e-mail address.
fn every_identifier(auth: &Auth, model: &Model) -> Vec<IdentifierMeta> {
    let mut every = auth.meta.identifiers.to_vec();
    if address_column(model).is_some() && every.iter().all(|identifier| identifier.path != ADDRESS_FIELD) {
        every.push(email_identifier(model));
    }
    every
}

/// The form of a typed text under which attempts are counted. If any identifier is case-insensitive, all texts are
/// counted in lower case. Otherwise the spellings of an existing name would share one count and those of an unknown
/// name would not, which would reveal whether the account exists.
pub(super) fn attempt_key(core: &Core, auth: &Auth, model: &Model, text: &str) -> String {
    let folds = |identifier: LoginIdentifier| identifier.holder.fields[identifier.field].case_insensitive;
    match login_identifiers(core, model, &every_identifier(auth, model)).any(folds) {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    }
}

/// Reads all identifiers of an account, in the form under which attempts are counted.
pub(super) async fn attempt_keys(ctx: &Context<'_>, auth: &Auth, account: Id) -> Result<Vec<String>, ApiError> {
    let model = ctx.core.account_model()?;
    let identifiers: Vec<LoginIdentifier> =
        login_identifiers(ctx.core, model, &every_identifier(auth, model)).collect();
    let mut select = model.sql.statement("");
    select.join(" UNION ALL ", &identifiers, |select, identifier| {
        select
            .push("SELECT ")
            .identifier(identifier.column())
            .push(" FROM ")
            .identifier(identifier.holder.table)
            .push(" WHERE ");
        match identifier.link {
            AccountLink::SameRow => select.push("\"id\" = ").bind(account),
            AccountLink::ToAccount(key) => select.identifier(key).push(" = ").bind(account),
            AccountLink::FromAccount(key) => {
                select.push("\"id\" IN (SELECT ").identifier(key).push(" FROM ").identifier(model.meta.table);
                select.push(" WHERE \"id\" = ").bind(account).push(")")
            }
        }
    });
    select.push(" LIMIT ").bind(MAX_IDENTIFIERS);
    let rows = if identifiers.is_empty() { Vec::new() } else { ctx.source().all(select).await? };
    let names = rows.iter().map(|row| Row::new(row).next::<Option<String>>()).collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().flatten().map(|name| attempt_key(ctx.core, auth, model, &name)).collect())
}

/// Maximum number of identifiers that are read for one account, such as the phone numbers of a `hasMany` relation.
const MAX_IDENTIFIERS: i64 = 1_000;

/// The field whose values are identifiers of accounts, and how to get from its row to the account.
struct LoginIdentifier {
    holder: &'static ModelMeta,
    field: usize,
    link: AccountLink,
}

/// How the row that holds an identifier is related to the row of the account.
#[derive(Clone, Copy)]
enum AccountLink {
    /// It is the row of the account.
    SameRow,
    /// This column of the row refers to the account.
    ToAccount(&'static str),
    /// This column of the account refers to the row.
    FromAccount(&'static str),
}

impl LoginIdentifier {
    fn column(&self) -> &'static str {
        self.holder.fields[self.field].column
    }
}

fn login_identifiers<'a>(
    core: &'a Core,
    model: &'a Model,
    identifiers: &'a [IdentifierMeta],
) -> impl Iterator<Item = LoginIdentifier> + use<'a> {
    identifiers.iter().filter_map(|identifier| {
        let holder = core.model(identifier.model)?.meta;
        let relation = model.meta.relations.iter().find(|relation| Some(relation.name) == identifier.relation);
        let link = match relation.map(|relation| relation.kind) {
            None => AccountLink::SameRow,
            Some(RelationKind::HasOne { field } | RelationKind::HasMany { field }) => {
                AccountLink::ToAccount(holder.fields[holder.field_index(field)?].column)
            }
            Some(RelationKind::BelongsTo { field }) => {
                AccountLink::FromAccount(model.meta.fields[model.meta.field_index(field)?].column)
            }
            Some(RelationKind::ManyToMany { .. }) => return None,
        };
        Some(LoginIdentifier { holder, field: holder.field_index(identifier.field)?, link })
    })
}

/// A field and the value to search for.
type SearchTerm = (LoginIdentifier, sea_orm::Value);

/// The terms to search for. Fields whose type the text cannot have are left out, such as an integer field for an e-mail
/// address.
fn search_terms(core: &Core, model: &Model, identifiers: &[IdentifierMeta], typed: &str) -> Vec<SearchTerm> {
    let term = |identifier: LoginIdentifier| {
        let field = &identifier.holder.fields[identifier.field];
        let value = field.folded(typed_value(field.kind, typed).ok()?);
        Some((identifier, value))
    };
    login_identifiers(core, model, identifiers).filter_map(term).collect()
}

/// The accounts that match, each with the position of the matching term, in the order of the terms. Each term is a
/// subquery of its own, so that it uses its index: one condition with OR would scan all accounts.
async fn matching_accounts(
    ctx: &Context<'_>,
    model: &Model,
    terms: &[SearchTerm],
) -> Result<Vec<(usize, StoredAccount)>, AuthError> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = model.sql.statement("SELECT m.\"rank\", ");
    account_columns(&mut statement, model)?;
    statement.push(" FROM (");
    let ranked: Vec<(usize, &SearchTerm)> = terms.iter().enumerate().collect();
    statement.join(" UNION ALL ", &ranked, |statement, (rank, term)| push_subquery(statement, model, *rank, term));
    statement.push(") m JOIN ").identifier(model.meta.table).push(" a ON a.\"id\" = m.\"account\"");
    statement.push(if model.meta.soft_delete { " WHERE a.\"deleted_at\" IS NULL" } else { "" });
    statement.push(" ORDER BY m.\"rank\"");
    let rows = ctx.source().all(statement).await?;
    rows.iter().map(|row| read_account(model, &mut Row::new(row))).collect()
}

/// `SELECT 0 AS "rank", "id" AS "account" FROM "users" WHERE "email" = $1`
fn push_subquery<'s>(
    statement: &'s mut Statement,
    model: &Model,
    rank: usize,
    (identifier, value): &SearchTerm,
) -> &'s mut Statement {
    let holder = identifier.holder;
    let key = if let AccountLink::ToAccount(key) = identifier.link { key } else { "id" };
    statement.push(&format!("SELECT {rank} AS \"rank\", ")).identifier(key).push(" AS \"account\" FROM ");
    if let AccountLink::FromAccount(key) = identifier.link {
        statement.identifier(model.meta.table).push(" WHERE ").identifier(key).push(" IN (SELECT \"id\" FROM ");
    }
    statement.identifier(holder.table).push(" WHERE ");
    if holder.fields[identifier.field].case_insensitive {
        statement.folded(|statement| {
            statement.identifier(identifier.column());
        });
    } else {
        statement.identifier(identifier.column());
    }
    statement.push(" = ").bind(value.clone());
    let related = !matches!(identifier.link, AccountLink::SameRow);
    statement.push(if related && holder.soft_delete { " AND \"deleted_at\" IS NULL" } else { "" });
    statement.push(if let AccountLink::FromAccount(_) = identifier.link { ")" } else { "" })
}

fn read_account(model: &Model, row: &mut Row<'_>) -> Result<(usize, StoredAccount), AuthError> {
    let rank = usize::try_from(row.next::<i32>()?).unwrap_or(usize::MAX);
    let account = id_from(row, model.meta.id)?;
    let (password, changed): (String, Option<DateTime<Utc>>) = (row.next()?, row.next()?);
    let (email_verified, address) = (row.next()?, row.next()?);
    let password_changed_at = changed.map_or(0, |time| time.timestamp_millis());
    Ok((rank, StoredAccount { account, password, password_changed_at, email_verified, address }))
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
