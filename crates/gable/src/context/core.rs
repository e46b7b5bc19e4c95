//! State that all requests share: created once at start, read by every worker.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::hooks::HookTable;
use super::{ModelRules, RowOperations};
use crate::access::{AccessChange, AccessControl, Catalogue};
use crate::clock::Clock;
use crate::db::{Database, DbError, Source, Transaction};
use crate::error::ApiError;
use crate::keyed_mutex::KeyedMutex;
use crate::meta::{AppMeta, ModelKind, PasswordPolicy};
use crate::model::input::PlainPassword;
use crate::passwords::{Hasher, Origin};
use crate::query::{Model, ModelSet};
use crate::secrets::Secrets;
use crate::settings::Settings;

/// State that all requests share.
pub(crate) struct Core {
    pub(crate) app: &'static AppMeta,
    pub(crate) settings: Settings,
    pub(crate) db: Database,
    pub(crate) models: ModelSet,
    /// The interceptors of each model, by its position.
    pub(crate) hooks: Vec<HookTable>,
    /// The rules of the models whose rows the runtime itself reads, by position.
    pub(crate) rules: Vec<Option<Arc<dyn ModelRules>>>,
    /// The operations that other operations call.
    pub(crate) operations: &'static dyn RowOperations,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Signs what clients hand back, such as cursors. Without accounts, the key is generated at start, so cursors end
    /// with the process.
    pub(crate) secrets: Secrets,
    /// The rights of accounts. Present exactly if the schema has an account model, like `hasher`.
    pub(crate) access: Option<Arc<AccessControl>>,
    pub(crate) hasher: Option<Arc<Hasher>>,
    /// The interceptors of authentication, authorization and the account operations.
    pub(crate) auth_hooks: HookTable,
    /// Wakes the worker that sends mail.
    pub(crate) outbox_wake: Arc<Notify>,
    pub(crate) clock: Clock,
    /// Lets one of several equal repeatable requests run at a time.
    pub(crate) repeated: KeyedMutex,
    /// Fingerprint of the schema: an answer stored under one schema could reveal fields that another one hides.
    pub(crate) schema: [u8; 32],
}

/// The password policy of an application without accounts, where it is never applied.
static NO_POLICY: PasswordPolicy =
    PasswordPolicy { min: 8, max: 72, upper: 0, lower: 0, digit: 0, symbol: 0, refuse_common: false };

impl Core {
    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        self.models.find(name)
    }

    pub(crate) fn model_of(&self, kind: ModelKind) -> Option<&Model> {
        self.models.of_kind(kind)
    }

    /// The interceptors of a model's operations.
    pub(crate) fn hooks(&self, model: &Model) -> &HookTable {
        &self.hooks[model.position]
    }

    /// The rules of a model, if it has some.
    pub(crate) fn rules(&self, model: &Model) -> Option<&dyn ModelRules> {
        self.rules[model.position].as_deref()
    }

    /// # Errors
    /// 500 if the schema has no account model.
    pub(crate) fn account_model(&self) -> Result<&Model, ApiError> {
        self.model_of(ModelKind::Account).ok_or_else(|| ApiError::internal("there is no account model"))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn password_policy(&self) -> &PasswordPolicy {
        self.app.auth.as_ref().map_or(&NO_POLICY, |auth| &auth.password)
    }

    /// # Errors
    /// 503 if too many passwords wait to be hashed.
    pub(crate) async fn hash(&self, origin: Origin, password: PlainPassword) -> Result<String, ApiError> {
        let hasher = self.hasher.as_ref().ok_or_else(|| ApiError::internal("a password without accounts"))?;
        hasher.hash(origin, password).await
    }

    /// Commits a transaction, and announces its changes of access to other nodes within it.
    pub(crate) async fn commit(&self, transaction: Transaction, changes: &[AccessChange]) -> Result<(), DbError> {
        if let Some(access) = &self.access {
            access.announce(Source::Transaction(&transaction), changes).await?;
        }
        transaction.commit().await
    }

    /// Applies committed changes of accounts, roles or permissions. If the tables cannot be reloaded, all cached
    /// identities are discarded anyway, and identities loaded later use the old tables at most until the next change.
    pub(crate) async fn access_changed(&self, changes: &[AccessChange]) {
        let Some(access) = self.access.as_ref().filter(|_| !changes.is_empty()) else { return };
        if let Err(error) = access.apply(&self.db, changes).await {
            tracing::error!(%error, "failed to reload roles and permissions");
        }
    }
}
