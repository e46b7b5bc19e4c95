//! The access table in memory and the identities that were worked out from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cache::IdentityCache;
use super::load::{AccessModels, AccessTable, DynamicModels, Subject, load_identity};
use super::notices::announce;
use super::principal::Newcomer;
use super::{AccessChange, Catalogue, Identity};
use crate::app_meta::AuthMode;
use crate::db::{Database, DbError, Dialect, Source};
use crate::resource::{Id, Who};

/// Another command on the same SQLite file may change the tables: what is remembered lives this long at most.
const LIFETIME: Duration = Duration::from_secs(5);

/// What became of an identity since its request was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Same,
    /// It may do more, or less.
    Changed,
    /// The log-in is over, or the account may not act.
    Gone,
}

#[derive(Debug)]
pub(crate) struct AccessControl {
    pub(crate) models: AccessModels,
    catalogue: Arc<Catalogue>,
    table: ArcSwap<AccessTable>,
    identities: IdentityCache,
    /// Held while the tables are read: of two readings, the later one is stored last.
    reading: tokio::sync::Mutex<()>,
    /// Tells this node's own notices from those of others.
    pub(super) node: Uuid,
    /// Whether every change that others make is heard, so that what is remembered may be believed.
    hears: AtomicBool,
}

impl AccessControl {
    pub(crate) async fn start(models: AccessModels, catalogue: Arc<Catalogue>, db: &Database) -> Result<Self, DbError> {
        let identities = IdentityCache::new(LIFETIME);
        let table = ArcSwap::from_pointee(AccessTable::from_catalogue(&catalogue));
        // SQLite tells nobody, but its file is one node's.
        let (node, hears) = (Uuid::new_v4(), AtomicBool::new(db.dialect() == Dialect::Sqlite));
        let reading = tokio::sync::Mutex::default();
        let control = Self { models, catalogue, table, identities, reading, node, hears };
        control.reload(db).await?;
        control.warn_of_unbound_grants();
        Ok(control)
    }

    /// Who a log-in belongs to: from memory, else with one statement. None when the log-in is over, or its account is
    /// gone or inactive.
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
        let Some(identity) = self.load(db.reader(), db.dialect(), Subject::Grant(grant), now).await? else {
            return Ok(None);
        };
        self.identities.insert(epoch, grant, identity.clone());
        Ok(Some(identity))
    }

    /// Like `by_grant`, for a credential that does not fit what is remembered: another node may have replaced it.
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

    /// From here on, every change that others make is heard.
    pub(super) fn trust(&self) {
        self.hears.store(true, Ordering::Release);
    }

    /// Whether that is new.
    pub(super) fn distrust(&self) -> bool {
        self.hears.swap(false, Ordering::AcqRel)
    }

    /// Announces changes inside the transaction that makes them.
    pub(crate) async fn announce(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        changes: &[AccessChange],
    ) -> Result<(), DbError> {
        if changes.is_empty() { Ok(()) } else { announce(source, dialect, self.node, changes).await }
    }

    /// Whether an identity still is what it was when its request was let in, by the database's word inside the transaction
    /// that is about to write: another node may have changed it, and so may another process on the same file.
    pub(crate) async fn standing(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        identity: &Arc<Identity>,
        now: DateTime<Utc>,
    ) -> Result<Standing, DbError> {
        let subject = identity.grant.map_or(Subject::Account(identity.account), |grant| Subject::Grant(grant.id));
        let standing = match self.load(source, dialect, subject, now).await? {
            None => Standing::Gone,
            Some(found) if found == *identity => return Ok(Standing::Same),
            Some(_) => Standing::Changed,
        };
        self.identities.forget_account(identity.account);
        Ok(standing)
    }

    /// An account without a log-in, with one statement. None when it is gone or inactive. Inside a transaction it is
    /// asked there: who holds one connection and waits for another may wait for those who do the same.
    pub(crate) async fn by_account(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        account: Id,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        self.load(source, dialect, Subject::Account(account), now).await
    }

    async fn load(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Identity>>, DbError> {
        let (table, permissions) = (self.table.load_full(), self.catalogue.len());
        let loaded = load_identity(source, dialect, &self.models, &table, permissions, subject, now).await?;
        let Some(loaded) = loaded else { return Ok(None) };
        let Some(dynamic) = self.dynamic().filter(|_| loaded.version > table.version) else {
            return Ok(loaded.identity.map(Arc::new));
        };
        // Roles or permissions have changed elsewhere since they were read here. What is read inside a transaction may hold
        // its own changes, and serves this one question alone.
        let table = Arc::new(AccessTable::load(source, dialect, dynamic, &self.catalogue).await?);
        if matches!(source, Source::Pool(_)) {
            self.table.store(table.clone());
            self.identities.forget_all();
        }
        let loaded = load_identity(source, dialect, &self.models, &table, permissions, subject, now).await?;
        Ok(loaded.and_then(|loaded| loaded.identity).map(Arc::new))
    }

    /// An account that is about to sign up, with the default role of the application. Inside a transaction, roles and
    /// permissions are what they are there.
    pub(crate) async fn newcomer(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        role: Option<&str>,
    ) -> Result<Newcomer, DbError> {
        let permissions = self.catalogue.len();
        let role = match (role, self.dynamic()) {
            (None, _) => None,
            (Some(name), None) => Some(self.table.load().named(name.to_owned(), permissions)),
            (Some(name), Some(dynamic)) => {
                let table = AccessTable::load(source, dialect, dynamic, &self.catalogue).await?;
                table.in_dynamic_mode(name)
            }
        };
        Ok(Newcomer::new(self.models.account.id, role, permissions))
    }

    /// The role tables, where they decide.
    fn dynamic(&self) -> Option<&DynamicModels> {
        self.models.dynamic.as_ref().filter(|_| self.models.mode == AuthMode::Dynamic)
    }

    /// Grants that the YAML narrows for the roles that it names, held by a role that it does not name: those hold for
    /// every row. Made at run time, that is what was meant; left over from a rule that was taken away, it is not.
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

    /// Makes a committed change count from the next request on.
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

    /// Reads the tables again. Identities are forgotten first and last: first, so that nothing old is believed when the
    /// reading fails; last, so that nothing worked out from the old table stays.
    pub(crate) async fn reload(&self, db: &Database) -> Result<(), DbError> {
        self.identities.forget_all();
        let _reading = self.reading.lock().await;
        if let Some(dynamic) = self.dynamic() {
            let table = AccessTable::load(db.reader(), db.dialect(), dynamic, &self.catalogue).await?;
            self.table.store(Arc::new(table));
            self.identities.forget_all();
        }
        Ok(())
    }

    /// Reads the tables again in case somebody else has changed them.
    pub(crate) async fn refresh(&self, db: &Database) -> Result<(), DbError> {
        let Some(dynamic) = &self.models.dynamic else { return Ok(()) };
        let _reading = self.reading.lock().await;
        let table = AccessTable::load(db.reader(), db.dialect(), dynamic, &self.catalogue).await?;
        if table != **self.table.load() {
            self.table.store(Arc::new(table));
            self.identities.forget_all();
        }
        Ok(())
    }

    /// How often that is; none: never, since the YAML alone decides.
    pub(crate) fn refresh_interval(&self) -> Option<Duration> {
        (self.models.mode == AuthMode::Dynamic && self.models.dynamic.is_some()).then_some(LIFETIME)
    }
}
