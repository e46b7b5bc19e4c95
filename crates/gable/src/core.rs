//! State that all requests share: created once at start, read by every worker.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::access::{AccessChange, AccessControl, AccessModels, Catalogue, FieldMasks};
use crate::api::{Mounted, MountedModel};
use crate::app_meta::{AppMeta, PasswordPolicy};
use crate::auth::{Auth, Hasher, Origin, RouteRules, Secrets};
use crate::canonical;
use crate::clock::Clock;
use crate::crud::Turns;
use crate::db::{Cascades, Database, DbError, Source, Transaction};
use crate::hooks::HookTable;
use crate::http::ApiError;
use crate::input::PlainPassword;
use crate::mail::MailRoom;
use crate::query::TableSql;
use crate::resource::{AnyResource, ModelKind, ModelMeta, RelationKind};
use crate::settings::Settings;

/// A mounted model with its precomputed SQL and field masks.
pub(crate) struct Model {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) resource: Box<dyn AnyResource>,
    pub(crate) hooks: HookTable,
    pub(crate) masks: FieldMasks,
    pub(crate) sql: TableSql,
    /// Whether deleting a row may delete accounts, roles or permissions by cascade.
    pub(crate) reaches_access: bool,
    pub(crate) takes_along: TakesAlong,
}

/// The protected rows that the database deletes along with a row of a model. Both are false for an accepted schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TakesAlong {
    pub(crate) accounts: bool,
    /// Permissions that were allowed or denied to single accounts.
    pub(crate) overrides: bool,
}

impl TakesAlong {
    fn of(meta: &ModelMeta, metas: &[&'static ModelMeta], cascades: &Cascades) -> Self {
        let onto = |kind: ModelKind| {
            let mut targets = metas.iter().filter(|target| target.kind == kind);
            targets.any(|target| cascades.onto(target.table).contains(meta.table))
        };
        // Rows of role models are checked one by one when they are deleted.
        let overrides = meta.kind == ModelKind::Ordinary && onto(ModelKind::AccountPermission);
        let found = Self { accounts: onto(ModelKind::Account), overrides };
        if found != Self::default() {
            let table = meta.table;
            tracing::warn!(table, ?found, "deleting rows of this table deletes accounts or what is denied to them");
        }
        found
    }
}

pub(crate) struct Core {
    pub(crate) app: &'static AppMeta,
    pub(crate) settings: Settings,
    pub(crate) db: Database,
    pub(crate) models: Vec<Model>,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Signs the cursors of lists. Without accounts, the key is generated at start, so cursors end with the process.
    pub(crate) cursors: Secrets,
    /// Present exactly if the schema has an account model.
    pub(crate) auth: Option<Auth>,
    pub(crate) mail: MailRoom,
    pub(crate) clock: Clock,
    pub(crate) turns: Turns,
    /// Fingerprint of the schema: an answer stored under one schema could reveal fields that another one hides.
    pub(crate) schema: [u8; 32],
    by_name: HashMap<&'static str, usize>,
}

/// The password policy of an application without accounts, where it is never applied.
static NO_POLICY: PasswordPolicy =
    PasswordPolicy { min: 8, max: 72, upper: 0, lower: 0, digit: 0, symbol: 0, refuse_common: false };

impl Core {
    /// # Errors
    /// The database cannot be reached, or a query fails.
    pub(crate) async fn start(
        app: &'static AppMeta,
        settings: Settings,
        db: Database,
        mounted: Mounted,
        clock: Clock,
        mail: MailRoom,
    ) -> Result<Self, DbError> {
        let Mounted { models, auth: auth_hooks } = mounted;
        let metas: Vec<&'static ModelMeta> = models.iter().map(|model| model.resource.meta()).collect();
        let reaching = reaching_access(&metas);
        db.know(&metas);
        let cascades = db.cascades().await?;
        let made = models.into_iter().map(|mounted| {
            let takes_along = TakesAlong::of(mounted.resource.meta(), &metas, &cascades);
            Model::new(mounted, &db, &reaching, takes_along)
        });
        let models: Vec<Model> = made.collect();
        let catalogue = Arc::new(Catalogue::new(metas.iter().copied()));
        let by_name = metas.iter().enumerate().map(|(position, meta)| (meta.name, position)).collect();
        let cursors = cursors(&settings)?;
        let schema = canonical::bytes(&metas).map_err(DbError::other)?;
        let (turns, schema) = (Turns::default(), Sha256::digest(schema).into());
        let mut core =
            Self { app, settings, db, models, catalogue, cursors, auth: None, mail, clock, turns, schema, by_name };
        core.auth = core.start_auth(&metas, auth_hooks).await?;
        Ok(core)
    }

    async fn start_auth(&self, metas: &[&'static ModelMeta], hooks: HookTable) -> Result<Option<Auth>, DbError> {
        let (Some(meta), Some(secret)) = (&self.app.auth, &self.settings.jwt_secret) else { return Ok(None) };
        let Some(models) = AccessModels::find(meta.mode, metas) else { return Ok(None) };
        crate::access::seed(self, &models).await?;
        let access = AccessControl::start(models, self.catalogue.clone(), &self.db).await?;
        let rules = RouteRules::new(meta, metas);
        let hasher = Hasher::start(self.settings.bcrypt_cost);
        Ok(Some(Auth::new(self.app, meta, access, hasher, secret.expose(), hooks, rules)))
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|position| &self.models[*position])
    }

    pub(crate) fn model_of(&self, kind: ModelKind) -> Option<&Model> {
        self.models.iter().find(|model| model.meta.kind == kind)
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
        let auth = self.auth.as_ref().ok_or_else(|| ApiError::internal("a password without accounts"))?;
        auth.hasher.hash(origin, password).await
    }

    /// Commits a transaction, and announces its changes of access to other nodes within it.
    pub(crate) async fn commit(&self, transaction: Transaction, changes: &[AccessChange]) -> Result<(), DbError> {
        if let Some(auth) = &self.auth {
            auth.access.announce(Source::Transaction(&transaction), self.db.dialect(), changes).await?;
        }
        transaction.commit().await
    }

    /// Applies committed changes of accounts, roles or permissions. If the tables cannot be reloaded, all cached
    /// identities are discarded anyway, and identities loaded later use the old tables at most until the next change.
    pub(crate) async fn access_changed(&self, changes: &[AccessChange]) {
        let Some(auth) = self.auth.as_ref().filter(|_| !changes.is_empty()) else { return };
        if let Err(error) = auth.access.apply(&self.db, changes).await {
            tracing::error!(%error, "failed to reload roles and permissions");
        }
    }
}

fn cursors(settings: &Settings) -> Result<Secrets, DbError> {
    if let Some(secret) = &settings.jwt_secret {
        return Ok(Secrets::new(secret.expose().as_bytes()));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(DbError::other)?;
    Ok(Secrets::new(&key))
}

/// Returns the models that accounts, roles and permissions belong to, directly or through other models: deleting their
/// rows may cascade.
fn reaching_access(metas: &[&'static ModelMeta]) -> HashSet<&'static str> {
    let mut reaching: HashSet<&str> =
        metas.iter().filter(|meta| meta.kind != ModelKind::Ordinary).map(|meta| meta.name).collect();
    loop {
        let owned = metas.iter().filter(|meta| reaching.contains(meta.name)).flat_map(|meta| meta.relations);
        let owners = owned.filter(|relation| matches!(relation.kind, RelationKind::BelongsTo { .. }));
        let found: HashSet<&str> = owners.map(|relation| relation.target).collect();
        if found.is_subset(&reaching) {
            return reaching;
        }
        reaching.extend(found);
    }
}

impl Model {
    fn new(mounted: MountedModel, db: &Database, reaching: &HashSet<&'static str>, takes_along: TakesAlong) -> Self {
        let meta = mounted.resource.meta();
        Self {
            meta,
            masks: FieldMasks::new(meta),
            sql: TableSql::new(meta, db.dialect()),
            reaches_access: meta.kind == ModelKind::Ordinary && reaching.contains(meta.name),
            takes_along,
            hooks: mounted.hooks,
            resource: mounted.resource,
        }
    }
}
