//! The access table in memory and the identities that were worked out from it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cache::IdentityCache;
use super::load::{AccessModels, AccessTable, Subject, load_identity};
use super::{AccessChange, Catalogue, Identity};
use crate::app_meta::AuthMode;
use crate::db::{Database, DbError, Dialect, Source};
use crate::resource::{Id, Who};

/// Other nodes, or another command on the same file, may change the tables: what is remembered lives this long at most.
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
}

impl AccessControl {
    pub(crate) async fn start(models: AccessModels, catalogue: Arc<Catalogue>, db: &Database) -> Result<Self, DbError> {
        let identities = IdentityCache::new(LIFETIME);
        let table = ArcSwap::from_pointee(AccessTable::from_catalogue(&catalogue));
        let control = Self { models, catalogue, table, identities, reading: tokio::sync::Mutex::default() };
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
        if let Some(identity) = self.identities.get(grant) {
            return Ok(Some(identity).filter(|identity| !identity.is_over(now)));
        }
        let epoch = self.identities.epoch();
        let Some(identity) = self.load(db.reader(), db.dialect(), Subject::Grant(grant), now).await? else {
            return Ok(None);
        };
        self.identities.insert(epoch, grant, identity.clone());
        Ok(Some(identity))
    }

    /// Whether an identity still is what it was when its request was let in: by memory, else with one statement.
    pub(crate) async fn standing(
        &self,
        source: Source<'_>,
        dialect: Dialect,
        identity: &Arc<Identity>,
        now: DateTime<Utc>,
    ) -> Result<Standing, DbError> {
        let remembered = identity.grant.and_then(|grant| self.identities.get(grant.id));
        if remembered.is_some_and(|remembered| Arc::ptr_eq(&remembered, identity)) {
            return Ok(Standing::Same);
        }
        let subject = identity.grant.map_or(Subject::Account(identity.account), |grant| Subject::Grant(grant.id));
        let (table, permissions) = (self.table.load_full(), self.catalogue.len());
        let found = load_identity(source, dialect, &self.models, &table, permissions, subject, now).await?;
        Ok(match found {
            None => Standing::Gone,
            Some(found) if found == **identity => Standing::Same,
            Some(_) => Standing::Changed,
        })
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
        Ok(loaded.map(Arc::new))
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
        if let (AuthMode::Dynamic, Some(dynamic)) = (self.models.mode, &self.models.dynamic) {
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
