//! Keeps the roles and permissions in memory, and the identities that were computed from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cache::IdentityCache;
use super::load::{AccessModels, AccessTable, DynamicModels, Subject, decode_identity};
use super::notices::announce;
use super::principal::Newcomer;
use super::{AccessChange, Catalogue, Identity};
use crate::db::{Database, DbError, Fingerprint, RawRow, RowsCheck, Source};
use crate::meta::{AuthMode, Who};
use crate::model::Id;

/// How long a cached identity or role table is used. Another process may change the same SQLite file without notice.
const CACHE_LIFETIME: Duration = Duration::from_secs(5);

/// How an identity compares with the one that its request was authenticated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityStatus {
    Same,
    /// Its rights, password or log-in have changed.
    Changed,
    /// The log-in has ended, or the account is deleted or inactive.
    Gone,
}

#[derive(Debug)]
pub(crate) struct AccessControl {
    pub(crate) models: AccessModels,
    catalogue: Arc<Catalogue>,
    table: ArcSwap<AccessTable>,
    identities: IdentityCache,
    /// Held while the role tables are loaded, so that an earlier load cannot overwrite the result of a later one.
    reading: tokio::sync::Mutex<()>,
    /// Distinguishes this node's own notices from those of other nodes.
    pub(super) node: Uuid,
    /// Whether this node receives every notice of other nodes. Cached identities are used only while it does.
    hears: AtomicBool,
}

impl AccessControl {
    pub(crate) async fn start(models: AccessModels, catalogue: Arc<Catalogue>, db: &Database) -> Result<Self, DbError> {
        let identities = IdentityCache::new(CACHE_LIFETIME);
        let table = ArcSwap::from_pointee(AccessTable::from_catalogue(&catalogue));
        // SQLite has no notifications, but only one node uses the file.
        let (node, hears) = (Uuid::new_v4(), AtomicBool::new(!db.has_notifications()));
        let reading = tokio::sync::Mutex::default();
        let control = Self { models, catalogue, table, identities, reading, node, hears };
        control.reload(db).await?;
        control.warn_of_unbound_grants();
        Ok(control)
    }

    /// The identity that a log-in belongs to, from the cache or else with one statement. `None` if the log-in has
    /// ended, or its account is deleted or inactive.
    pub(crate) async fn by_grant(
        &self,
        db: &Database,
        grant: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        if let Some(identity) = self.remembered(grant) {
            return Ok(Some(identity).filter(|identity| !identity.is_over(now)));
        }
        let epoch = self.identities.epoch();
        let Some(identity) = self.load(db.reader(), Subject::Grant(grant), now).await? else {
            return Ok(None);
        };
        self.identities.insert(epoch, grant, identity.clone());
        Ok(Some(identity))
    }

    /// Like `by_grant`, but bypasses the cache. For a credential that does not match the cached identity: another node
    /// may have replaced the credential since.
    pub(crate) async fn by_grant_anew(
        &self,
        db: &Database,
        remembered: &Identity,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        self.identities.forget_account(remembered.account);
        match remembered.grant {
            Some(grant) => self.by_grant(db, grant.id, now).await,
            None => Ok(None),
        }
    }

    fn remembered(&self, grant: Uuid) -> Option<Arc<Identity>> {
        if self.hears.load(Ordering::Acquire) { self.identities.get(grant) } else { None }
    }

    /// Starts using cached identities: from now on, this node receives every notice.
    pub(super) fn trust(&self) {
        self.hears.store(true, Ordering::Release);
    }

    /// Stops using cached identities. Returns whether they were used until now.
    pub(super) fn distrust(&self) -> bool {
        self.hears.swap(false, Ordering::AcqRel)
    }

    /// Announces changes inside the transaction that makes them.
    pub(crate) async fn announce(&self, source: Source<'_>, changes: &[AccessChange]) -> Result<(), DbError> {
        if changes.is_empty() { Ok(()) } else { announce(source, self.node, changes).await }
    }

    /// Compares an identity with the database, inside the transaction that is about to write: another node, or another
    /// process on the same SQLite file, may have changed the account since the request was authenticated.
    pub(crate) async fn identity_status(
        &self,
        source: Source<'_>,
        identity: &Arc<Identity>,
        now: DateTime<Utc>,
    ) -> Result<IdentityStatus, DbError> {
        let rows = source.all(self.models.identity_rows(subject_of(identity))).await?;
        self.identity_status_of(source, identity, &rows, now).await
    }

    /// The check that the identity is the same, for a transaction. It cannot be a part of another statement if the
    /// log-in has ended meanwhile, or if its time of use was stored, which the fingerprint contains.
    pub(crate) fn identity_check(&self, identity: &Identity, now: DateTime<Utc>) -> RowsCheck {
        let is_as_loaded = !identity.is_over(now) && !identity.last_used.was_noted();
        self.models.identity_check(subject_of(identity), is_as_loaded.then_some(&identity.fingerprint))
    }

    /// Compares an identity with the rows of its `identity_check`.
    pub(crate) async fn identity_status_of(
        &self,
        source: Source<'_>,
        identity: &Arc<Identity>,
        rows: &[RawRow],
        now: DateTime<Utc>,
    ) -> Result<IdentityStatus, DbError> {
        let identity_status = match self.decode(source, subject_of(identity), rows, now).await? {
            None => IdentityStatus::Gone,
            Some(found) if found == *identity => return Ok(IdentityStatus::Same),
            Some(_) => IdentityStatus::Changed,
        };
        self.identities.forget_account(identity.account);
        Ok(identity_status)
    }

    /// The identity of an account without a log-in, with one statement. `None` if the account is deleted or inactive.
    /// Inside a transaction, pass that as `source`: taking a second connection from the pool could deadlock.
    pub(crate) async fn by_account(
        &self,
        source: Source<'_>,
        account: Id,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        self.load(source, Subject::Account(account), now).await
    }

    async fn load(
        &self,
        source: Source<'_>,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        let rows = source.all(self.models.identity_statement(subject)).await?;
        self.decode(source, subject, &rows, now).await
    }

    /// Decodes an identity. If its roles and permissions have changed since they were loaded, loads them again.
    async fn decode(
        &self,
        source: Source<'_>,
        subject: Subject,
        rows: &[RawRow],
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        let (table, permissions) = (self.table.load(), self.catalogue.len());
        let loaded = decode_identity(rows, &self.models, &table, permissions, now)?;
        let Some(loaded) = loaded else { return Ok(None) };
        let Some(dynamic) = self.dynamic().filter(|_| loaded.version > table.version) else {
            return Ok(loaded.identity.map(Arc::new));
        };
        // Another node has changed roles or permissions since they were loaded. A table that is loaded inside a
        // transaction may contain its uncommitted changes, so it is used for this identity only and not stored.
        let table = Arc::new(AccessTable::load(source, dynamic, &self.catalogue).await?);
        if matches!(source, Source::Pool(_)) {
            self.table.store(table.clone());
            self.identities.forget_all();
        }
        let rows = source.all(self.models.identity_statement(subject)).await?;
        let Some(mut loaded) = decode_identity(&rows, &self.models, &table, permissions, now)? else { return Ok(None) };
        if let Some(identity) = loaded.identity.as_mut().filter(|_| loaded.version > table.version) {
            // Its permissions are those of the table, and not of the version that the fingerprint contains.
            identity.fingerprint = Fingerprint::default();
        }
        Ok(loaded.identity.map(Arc::new))
    }

    /// The identity of an account that is signing up, with the default role of the application. In dynamic mode the
    /// role is read through `source`, so that a transaction sees its own state of the role tables.
    pub(crate) async fn newcomer(&self, source: Source<'_>, role: Option<&str>) -> Result<Newcomer, DbError> {
        let permissions = self.catalogue.len();
        let role = match (role, self.dynamic()) {
            (None, _) => None,
            (Some(name), None) => Some(self.table.load().named(name.to_owned(), permissions)),
            (Some(name), Some(dynamic)) => {
                let table = AccessTable::load(source, dynamic, &self.catalogue).await?;
                table.in_dynamic_mode(name)
            }
        };
        Ok(Newcomer::new(self.models.account.id, role, permissions))
    }

    /// The models of the role tables in dynamic mode, else `None`.
    fn dynamic(&self) -> Option<&DynamicModels> {
        self.models.dynamic.as_ref().filter(|_| self.models.mode == AuthMode::Dynamic)
    }

    /// Logs a warning for each role that holds an action with conditions in the YAML, while no rule of the action names
    /// the role: its grant covers every row. That is intended for a role that was created at run time, but not for a
    /// grant that was left over when its rule was removed from the YAML.
    fn warn_of_unbound_grants(&self) {
        let table = self.table.load();
        for entry in
            self.catalogue.iter().filter(|entry| entry.action.rules.iter().any(|rule| !rule.conditions.is_empty()))
        {
            for role in table.roles().filter(|role| role.permissions.contains(entry.action.permission)) {
                let named = entry
                    .action
                    .rules
                    .iter()
                    .any(|rule| matches!(rule.who, Who::Roles(names) if names.contains(&role.name.as_str())));
                if !named {
                    let (resource, action) = (entry.meta.resource, entry.action.action);
                    tracing::warn!(
                        role = role.name,
                        resource,
                        action,
                        "granted for every row: no rule of the schema narrows it"
                    );
                }
            }
        }
    }

    /// Drops the cached data that a committed change makes outdated, so that the next request sees the change.
    pub(crate) async fn apply(&self, db: &Database, changes: &[AccessChange]) -> Result<(), DbError> {
        if changes.contains(&AccessChange::Everything) {
            return self.reload(db).await;
        }
        for change in changes {
            match change {
                AccessChange::Account(account) => self.identities.forget_account(*account),
                AccessChange::EveryAccount | AccessChange::Everything => self.identities.forget_all(),
            }
        }
        Ok(())
    }

    /// Loads the role tables again. The identity cache is emptied before and after: before, so that no outdated
    /// identity is used if loading fails; after, so that no identity computed from the old tables remains.
    pub(crate) async fn reload(&self, db: &Database) -> Result<(), DbError> {
        self.identities.forget_all();
        let _reading = self.reading.lock().await;
        if let Some(dynamic) = self.dynamic() {
            let table = AccessTable::load(db.reader(), dynamic, &self.catalogue).await?;
            self.table.store(Arc::new(table));
            self.identities.forget_all();
        }
        Ok(())
    }

    /// Loads the role tables again and replaces those in memory if another process has changed them.
    pub(crate) async fn refresh(&self, db: &Database) -> Result<(), DbError> {
        let Some(dynamic) = &self.models.dynamic else { return Ok(()) };
        let _reading = self.reading.lock().await;
        let table = AccessTable::load(db.reader(), dynamic, &self.catalogue).await?;
        if table != **self.table.load() {
            self.table.store(Arc::new(table));
            self.identities.forget_all();
        }
        Ok(())
    }

    /// How often `refresh` is to be called; `None` in static mode, where the YAML alone decides.
    pub(crate) fn refresh_interval(&self) -> Option<Duration> {
        (self.models.mode == AuthMode::Dynamic && self.models.dynamic.is_some()).then_some(CACHE_LIFETIME)
    }
}

fn subject_of(identity: &Identity) -> Subject {
    identity.grant.as_ref().map_or(Subject::Account(identity.account), |grant| Subject::Grant(grant.id))
}
