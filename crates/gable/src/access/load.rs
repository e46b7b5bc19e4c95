//! The SQL that loads roles with their permissions, and one account with its roles and permissions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::principal::{AccountState, Given, GrantState, LastUsed, LoginMethod};
use super::{Catalogue, Identity, Role};
use crate::db::{BoundSql, CheckedSql, DbError, Fingerprint, FixedSql, RawRow, Row, RowsCheck, Source, values};
use crate::meta::{AuthMode, FieldKind, ModelKind, ModelMeta, Permission, PermissionSet, RelationKind, Who};
use crate::model::{Id, id_from, optional_id};

/// All roles and permissions. Replaced as a whole when one of them changes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct AccessTable {
    /// `gable_access.version` when this was read: the number of changes to roles and permissions so far.
    pub(super) version: i64,
    /// dynamic mode
    by_id: HashMap<Id, Arc<Role>>,
    permissions: HashMap<Id, Permission>,
    /// static mode
    by_name: HashMap<&'static str, Arc<Role>>,
}

/// The models of accounts and roles, determined once at start.
#[derive(Debug)]
pub(crate) struct AccessModels {
    pub(crate) account: &'static ModelMeta,
    pub(crate) mode: AuthMode,
    pub(crate) dynamic: Option<DynamicModels>,
    identity: IdentitySql,
}

#[derive(Debug)]
pub(crate) struct DynamicModels {
    pub(crate) role: &'static ModelMeta,
    pub(crate) permission: &'static ModelMeta,
    pub(crate) account_role: &'static ModelMeta,
    pub(crate) account_permission: &'static ModelMeta,
}

impl AccessModels {
    /// Finds the models by their kinds; `None` if the schema has no account model.
    pub(crate) fn find(mode: AuthMode, models: &[&'static ModelMeta]) -> Option<Self> {
        let of = |kind: ModelKind| models.iter().copied().find(|meta| meta.kind == kind);
        let dynamic = || {
            Some(DynamicModels {
                role: of(ModelKind::Role)?,
                permission: of(ModelKind::Permission)?,
                account_role: of(ModelKind::AccountRole)?,
                account_permission: of(ModelKind::AccountPermission)?,
            })
        };
        let (account, dynamic) = (of(ModelKind::Account)?, dynamic());
        let identity = IdentitySql::new(mode, account, dynamic.as_ref());
        Some(Self { account, mode, dynamic, identity })
    }
}

/// The column of the `belongsTo` that leads from one model to another.
pub(crate) fn key_to(from: &'static ModelMeta, target: &ModelMeta) -> &'static str {
    key_field(from, target).map_or("id", |field| from.fields[field].column)
}

/// The position of the field of that `belongsTo`.
pub(super) fn key_field(from: &'static ModelMeta, target: &ModelMeta) -> Option<usize> {
    let key = from.relations.iter().find_map(|relation| match relation.kind {
        RelationKind::BelongsTo { field } if relation.target == target.name => Some(field),
        _ => None,
    });
    key.and_then(|name| from.field_index(name))
}

/// The join table between roles and permissions: its name, the role's column, the permission's column.
pub(crate) fn role_permissions(models: &DynamicModels) -> Option<(&'static str, &'static str, &'static str)> {
    models.role.relations.iter().find_map(|relation| match relation.kind {
        RelationKind::ManyToMany { table, this_column, target_column } if relation.target == models.permission.name => {
            Some((table, this_column, target_column))
        }
        _ => None,
    })
}

impl AccessTable {
    /// Builds the table of static mode, from the rules of the YAML.
    pub(crate) fn from_catalogue(catalogue: &Catalogue) -> Self {
        let mut sets: HashMap<&'static str, PermissionSet> = HashMap::new();
        for entry in catalogue.iter() {
            for rule in entry.action.rules {
                let Who::Roles(roles) = rule.who else { continue };
                for role in roles {
                    let set = sets.entry(role).or_insert_with(|| PermissionSet::empty(catalogue.len()));
                    set.insert(entry.action.permission);
                }
            }
        }
        let role = |(name, permissions): (&'static str, PermissionSet)| {
            (name, Arc::new(Role { name: name.to_owned(), permissions }))
        };
        Self { by_name: sets.into_iter().map(role).collect(), ..Self::default() }
    }

    /// The role of this name in static mode. A role that no rule names has no permissions, but `access` of a field may
    /// list it.
    pub(crate) fn named(&self, name: String, permissions: usize) -> Arc<Role> {
        let nothing = || PermissionSet::empty(permissions);
        self.by_name.get(name.as_str()).cloned().unwrap_or_else(|| Arc::new(Role { name, permissions: nothing() }))
    }

    /// The role of this name in dynamic mode; `None` if the role tables do not have it.
    pub(super) fn in_dynamic_mode(&self, name: &str) -> Option<Arc<Role>> {
        self.by_id.values().find(|role| role.name == name).cloned()
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = &Role> {
        self.by_id.values().map(Arc::as_ref)
    }

    /// Loads the table of dynamic mode with one statement for each of the three tables. The version is read before
    /// them: a concurrent change can make the result look older than it is, which costs another load, but never newer.
    pub(crate) async fn load(
        source: Source<'_>,
        models: &DynamicModels,
        catalogue: &Catalogue,
    ) -> Result<Self, DbError> {
        let version = load_version(source).await?;
        let permissions = load_permissions(source, models.permission, catalogue).await?;
        let names = load_role_names(source, models.role).await?;
        let mut sets: HashMap<Id, PermissionSet> = HashMap::new();
        for (role, permission) in load_links(source, models).await? {
            let set = sets.entry(role).or_insert_with(|| PermissionSet::empty(catalogue.len()));
            if let Some(permission) = permissions.get(&permission) {
                set.insert(*permission);
            }
        }
        let role = |(id, name): (Id, String)| {
            let permissions = sets.remove(&id).unwrap_or_else(|| PermissionSet::empty(catalogue.len()));
            (id, Arc::new(Role { name, permissions }))
        };
        Ok(Self { version, by_id: names.into_iter().map(role).collect(), permissions, by_name: HashMap::new() })
    }
}

async fn load_version(source: Source<'_>) -> Result<i64, DbError> {
    let found = source.one(VERSION.with([])).await?;
    found.map_or(Ok(0), |row| Row::new(&row).next())
}

static VERSION: FixedSql<0> = FixedSql::new(r#"SELECT "version" FROM "gable_access" WHERE "id" = 1"#);

async fn load_permissions(
    source: Source<'_>,
    meta: &'static ModelMeta,
    catalogue: &Catalogue,
) -> Result<HashMap<Id, Permission>, DbError> {
    let sql = format!("SELECT \"id\", \"resource\", \"action\" FROM \"{}\"", meta.table);
    let mut known = HashMap::new();
    for result in source.all(BoundSql::named(sql, values![])).await? {
        let mut row = Row::new(&result);
        let (id, resource, action) = (id_from(&mut row, meta.id)?, row.next::<String>()?, row.next::<String>()?);
        // A pair that is no longer in the schema grants nothing.
        if let Some(permission) = catalogue.find(&resource, &action) {
            known.insert(id, permission);
        }
    }
    Ok(known)
}

async fn load_role_names(source: Source<'_>, meta: &'static ModelMeta) -> Result<Vec<(Id, String)>, DbError> {
    let hidden = if meta.soft_delete { " WHERE \"deleted_at\" IS NULL" } else { "" };
    let sql = format!("SELECT \"id\", \"name\" FROM \"{}\"{hidden}", meta.table);
    let rows = source.all(BoundSql::named(sql, values![])).await?;
    rows.iter().map(Row::new).map(|mut row| Ok((id_from(&mut row, meta.id)?, row.next()?))).collect()
}

async fn load_links(source: Source<'_>, models: &DynamicModels) -> Result<Vec<(Id, Id)>, DbError> {
    let Some((table, role, permission)) = role_permissions(models) else { return Ok(Vec::new()) };
    let sql = format!("SELECT \"{role}\", \"{permission}\" FROM \"{table}\"");
    let rows = source.all(BoundSql::named(sql, values![])).await?;
    let ids = |mut row: Row<'_>| Ok((id_from(&mut row, models.role.id)?, id_from(&mut row, models.permission.id)?));
    rows.iter().map(Row::new).map(ids).collect()
}

/// The account whose identity is loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Account(Id),
    /// The account that a log-in belongs to.
    Grant(Uuid),
}

/// Number of columns before those of the roles and permissions: the fingerprint, the version, the account and the
/// log-in.
const OWN_COLUMNS: usize = 13;

/// An account as stored, with the version of roles and permissions that the same statement read.
pub(crate) struct LoadedIdentity {
    pub(crate) version: i64,
    /// `None` if the account is inactive, or its log-in has ended.
    pub(crate) identity: Option<Identity>,
}

/// Decodes the rows of `identity_statement` or `identity_rows`: one account with its roles and permissions. `None` if
/// the account or the log-in does not exist.
pub(super) fn decode_identity(
    rows: &[RawRow],
    models: &AccessModels,
    table: &AccessTable,
    permissions: usize,
    now: DateTime<Utc>,
) -> Result<Option<LoadedIdentity>, DbError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let mut row = Row::new(first);
    let (fingerprint, version) = (Fingerprint::read(&mut row)?, row.next()?);
    let Some(state) = account_state(&mut row, models.account, fingerprint)? else {
        return Ok(Some(LoadedIdentity { version, identity: None }));
    };
    let given = match &models.dynamic {
        Some(dynamic) if models.mode == AuthMode::Dynamic => dynamic_grants(rows, dynamic, table, permissions)?,
        _ => static_grants(&mut row, models.account, table, permissions)?,
    };
    let identity = Some(Identity::new(state, given)).filter(|identity| !identity.is_over(now));
    Ok(Some(LoadedIdentity { version, identity }))
}

/// Reads the columns of the account and its log-in; `None` if the account is inactive.
fn account_state(
    row: &mut Row<'_>,
    account: &ModelMeta,
    fingerprint: Fingerprint,
) -> Result<Option<AccountState>, DbError> {
    let id = id_from(row, account.id)?;
    let (active, super_user): (bool, bool) = (row.next()?, row.next()?);
    let changed: Option<DateTime<Utc>> = row.next()?;
    let (grant, last_used) = (grant_state(row)?, LastUsed::at(row.next()?));
    let password_changed_at = changed.map_or(0, |time| time.timestamp_millis());
    Ok(active.then_some(AccountState { account: id, super_user, password_changed_at, grant, last_used, fingerprint }))
}

/// Reads the columns of the log-in; `None` if the account was loaded without one.
fn grant_state(row: &mut Row<'_>) -> Result<Option<GrantState>, DbError> {
    let (id, via, generation): (Option<Uuid>, Option<String>, Option<i32>) = (row.next()?, row.next()?, row.next()?);
    let (expires_at, secret, idle_seconds): (Option<DateTime<Utc>>, Option<Vec<u8>>, Option<i64>) =
        (row.next()?, row.next()?, row.next()?);
    let (Some(id), Some(generation), Some(expires_at)) = (id, generation, expires_at) else { return Ok(None) };
    // A log-in of an unknown surface is not accepted.
    let Some(via) = via.as_deref().and_then(LoginMethod::named) else { return Ok(None) };
    let secret_hash = secret.and_then(|secret| secret.try_into().ok());
    Ok(Some(GrantState { id, via, generation, expires_at, secret_hash, idle_seconds }))
}

impl AccessModels {
    /// Selects an identity, with the fingerprint of its rows.
    pub(super) fn identity_statement(&self, subject: Subject) -> BoundSql {
        match subject {
            Subject::Account(id) => self.identity.of_account.rows_with_fingerprint(id),
            Subject::Grant(id) => self.identity.of_grant.rows_with_fingerprint(id),
        }
    }

    /// Selects an identity again, to compare it with the one that a request was authenticated with.
    pub(super) fn identity_rows(&self, subject: Subject) -> BoundSql {
        match subject {
            Subject::Account(id) => self.identity.of_account.rows(id),
            Subject::Grant(id) => self.identity.of_grant.rows(id),
        }
    }

    /// The check of a transaction that relies on an identity.
    pub(super) fn identity_check(&self, subject: Subject, relied_on: Option<&Fingerprint>) -> RowsCheck {
        match subject {
            Subject::Account(id) => self.identity.of_account.check(id, relied_on),
            Subject::Grant(id) => self.identity.of_grant.check(id, relied_on),
        }
    }
}

/// The SQL that loads an identity.
#[derive(Debug)]
pub(crate) struct IdentitySql {
    of_account: CheckedSql,
    of_grant: CheckedSql,
}

impl IdentitySql {
    fn new(mode: AuthMode, account: &'static ModelMeta, dynamic: Option<&DynamicModels>) -> Self {
        let (columns, joins) = match dynamic {
            Some(dynamic) if mode == AuthMode::Dynamic => dynamic_joins(account, dynamic),
            _ => (
                static_roles(account).map(|(column, _)| format!(", a.\"{column}\"")).unwrap_or_default(),
                String::new(),
            ),
        };
        let (table, hidden) = (account.table, if account.soft_delete { " AND a.\"deleted_at\" IS NULL" } else { "" });
        let text = |grant: &str, grant_columns: &str, condition: &str| {
            CheckedSql::new(&format!(
                r#"(SELECT "version" FROM "gable_access" WHERE "id" = 1), a."id", a."is_active", a."is_super_user",
                   a."password_changed_at", {grant_columns}{columns} FROM "{table}" a{grant}{joins}
                   WHERE a."deleted_self_account_at" IS NULL{hidden} AND {condition}"#
            ))
        };
        Self {
            of_account: text("", "NULL, NULL, NULL, NULL, NULL, NULL, NULL", r#"a."id" = ?"#),
            of_grant: text(
                r#" JOIN "gable_grants" g ON g."account_id" = a."id""#,
                r#"g."id", g."surface", g."generation", g."expires_at", g."secret_hash", g."idle_seconds",
                   g."last_active_at""#,
                r#"g."id" = ?"#,
            ),
        }
    }
}

/// The columns and joins of dynamic mode. The result is the product of the account's few roles and few overrides: rows
/// repeat, but one round trip is enough.
fn dynamic_joins(account: &ModelMeta, models: &DynamicModels) -> (String, String) {
    let (roles, overrides) = (models.account_role, models.account_permission);
    let columns =
        format!(", r.\"{}\", p.\"{}\", p.\"effect\"", key_to(roles, models.role), key_to(overrides, models.permission));
    let live = |meta: &ModelMeta, alias: &str| {
        if meta.soft_delete { format!(" AND {alias}.\"deleted_at\" IS NULL") } else { String::new() }
    };
    let joins = format!(
        " LEFT JOIN \"{}\" r ON r.\"{}\" = a.\"id\"{} LEFT JOIN \"{}\" p ON p.\"{}\" = a.\"id\"{}",
        roles.table,
        key_to(roles, account),
        live(roles, "r"),
        overrides.table,
        key_to(overrides, account),
        live(overrides, "p")
    );
    (columns, joins)
}

fn dynamic_grants(
    rows: &[RawRow],
    models: &DynamicModels,
    table: &AccessTable,
    permissions: usize,
) -> Result<Given, DbError> {
    let mut roles = BTreeSet::new();
    let (mut allowed, mut denied) = (PermissionSet::empty(permissions), PermissionSet::empty(permissions));
    for result in rows {
        let mut row = Row::skipping(result, OWN_COLUMNS);
        roles.extend(optional_id(&mut row, models.role.id)?);
        let permission = optional_id(&mut row, models.permission.id)?.and_then(|id| table.permissions.get(&id));
        let effect: Option<String> = row.next()?;
        match (permission, effect.as_deref()) {
            (Some(permission), Some("allow")) => allowed.insert(*permission),
            (Some(permission), Some(_)) => denied.insert(*permission),
            _ => {}
        }
    }
    let roles = roles.iter().filter_map(|id| table.by_id.get(id).cloned()).collect();
    Ok(Given { roles, allowed, denied })
}

/// The column and kind of the account's `role` or `roles` field in static mode.
fn static_roles(account: &ModelMeta) -> Option<(&'static str, FieldKind)> {
    let field = account.fields.iter().find(|field| matches!(field.name, "role" | "roles"))?;
    matches!(field.kind, FieldKind::Enum(_) | FieldKind::EnumList(_)).then_some((field.column, field.kind))
}

fn static_grants(
    row: &mut Row<'_>,
    account: &ModelMeta,
    table: &AccessTable,
    permissions: usize,
) -> Result<Given, DbError> {
    let names: Vec<String> = match static_roles(account) {
        Some((_, FieldKind::EnumList(_))) => {
            let list: Option<serde_json::Value> = row.next()?;
            list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
        }
        Some(_) => row.next::<Option<String>>()?.into_iter().collect(),
        None => Vec::new(),
    };
    let empty = || PermissionSet::empty(permissions);
    let roles = names.into_iter().map(|name| table.named(name, permissions)).collect();
    Ok(Given { roles, allowed: empty(), denied: empty() })
}
