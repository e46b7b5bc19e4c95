//! Starts an application: opens the database, brings its tables up to date, and assembles the state that requests share.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::api::{Mounted, MountedModel};
use super::clean_up::note_hashes;
use super::permission_sync;
use super::stored_addresses::normalize_stored_addresses;
use crate::access::{AccessControl, AccessModels, Catalogue};
use crate::auth::{AccountRules, Auth, RouteRules};
use crate::clock::Clock;
use crate::context::Core;
use crate::context::hooks::HookTable;
use crate::crud::NestedOperations;
use crate::db::{Cascades, Database, DbError, MigrateError, Migration};
use crate::keyed_mutex::KeyedMutex;
use crate::mail::{MailError, MailService, Mailbox};
use crate::meta::{AppMeta, ModelKind, ModelMeta, RelationKind, canonical};
use crate::passwords::Hasher;
use crate::query::{CascadeEffects, Model, ModelSet};
use crate::secrets::Secrets;
use crate::settings::Settings;

/// Why an application did not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("the database: {0}")]
    Database(#[from] DbError),
    #[error(
        "the tables are not as the migrations made them:\n  - {}\nChange them back, restore a backup, or bring the schema in line \
         with them and run `gable migrate`",
        .0.join("\n  - ")
    )]
    Tables(Vec<String>),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error("listening on {address}: {cause}")]
    Listen { address: String, cause: io::Error },
    #[error(transparent)]
    Server(#[from] io::Error),
}

/// The contents of `Gable` without its type parameter: all further code is compiled once, with the runtime, and not
/// again with every application.
pub(crate) struct Application {
    pub(crate) app: &'static AppMeta,
    pub(super) migrations: &'static [Migration],
    pub(super) tables: &'static str,
    pub(super) mail_templates: &'static [(&'static str, &'static str)],
    pub(super) mounted: Mounted,
    pub(super) clock: Clock,
    /// Receives the mail of a test.
    pub(crate) mailbox: Option<Mailbox>,
}

impl Application {
    /// Opens the database, migrates its tables and creates the state that requests share.
    pub(crate) async fn start(self, settings: Settings) -> Result<Started, StartError> {
        let mail = MailService::new(self.app, &settings, self.mail_templates, self.mailbox)?;
        let db = open(&settings).await?;
        let applied = db.migrate(self.migrations, self.tables).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = applied.join(", "), "brought the tables up to date");
        }
        db.migrate_system(self.mounted.account()).await?;
        let differences = db.table_differences(&self.mounted.metas()).await?;
        if !differences.is_empty() {
            return Err(StartError::Tables(differences));
        }
        let started = assemble(self.app, settings, db, self.mounted, self.clock, mail).await?;
        normalize_stored_addresses(&started.core).await?;
        note_hashes(&started.core).await;
        Ok(started)
    }
}

async fn open(settings: &Settings) -> Result<Database, StartError> {
    let url = settings.database_url.expose();
    Ok(Database::connect(url, &settings.database).await?)
}

/// An application whose database is ready, and which does not serve requests yet.
pub(crate) struct Started {
    pub(crate) core: Arc<Core>,
    /// Present exactly if the schema has an account model.
    pub(crate) auth: Option<Arc<Auth>>,
    pub(crate) mail: MailService,
}

/// Creates the state that requests share.
///
/// # Errors
/// The database cannot be reached, or a query fails.
pub(crate) async fn assemble(
    app: &'static AppMeta,
    settings: Settings,
    db: Database,
    mounted: Mounted,
    clock: Clock,
    mail: MailService,
) -> Result<Started, DbError> {
    let metas = mounted.metas();
    let (models, hooks) = models(&db, mounted.models, &metas).await?;
    let schema = canonical::bytes(&metas).map_err(DbError::other)?;
    let mut core = Core {
        app,
        secrets: secrets(&settings)?,
        access: None,
        hasher: None,
        auth_hooks: mounted.auth,
        outbox_wake: mail.wake(),
        settings,
        db,
        operations: &NestedOperations,
        rules: hooks.iter().map(|_| None).collect(),
        models,
        hooks,
        catalogue: Arc::new(Catalogue::new(metas.iter().copied())),
        clock,
        repeated: KeyedMutex::default(),
        schema: Sha256::digest(schema).into(),
    };
    let auth = start_auth(&mut core, &metas).await?;
    Ok(Started { core: Arc::new(core), auth, mail })
}

async fn models(
    db: &Database,
    mounted: Vec<MountedModel>,
    metas: &[&'static ModelMeta],
) -> Result<(ModelSet, Vec<HookTable>), DbError> {
    let owners = owners_of_access_models(metas);
    db.set_models(metas);
    let cascades = db.cascades().await?;
    let (mut models, mut hooks) = (Vec::new(), Vec::new());
    for (position, mounted) in mounted.into_iter().enumerate() {
        let meta = mounted.resource.meta();
        let reaches_access = meta.kind == ModelKind::Ordinary && owners.contains(meta.name);
        let cascade_effects = cascade_effects(meta, metas, &cascades);
        models.push(Model::new(position, mounted.resource, db.statements(), reaches_access, cascade_effects));
        hooks.push(mounted.hooks);
    }
    Ok((ModelSet::new(models), hooks))
}

/// Loads roles and permissions, and gives the models that they are stored in their rules.
async fn start_auth(core: &mut Core, metas: &[&'static ModelMeta]) -> Result<Option<Arc<Auth>>, DbError> {
    let (Some(meta), Some(secret)) = (&core.app.auth, &core.settings.jwt_secret) else { return Ok(None) };
    let Some(models) = AccessModels::find(meta.mode, metas) else { return Ok(None) };
    permission_sync::seed(core, &models).await?;
    let access = Arc::new(AccessControl::start(models, core.catalogue.clone(), &core.db).await?);
    let hasher = Arc::new(Hasher::start(core.settings.bcrypt_cost));
    let rules = RouteRules::new(meta, metas);
    let auth = Arc::new(Auth::new(core.app, meta, access.clone(), hasher.clone(), secret.expose(), rules));
    let account_rules = Arc::new(AccountRules::new(auth.clone()));
    (core.access, core.hasher) = (Some(access), Some(hasher));
    for model in core.models.iter() {
        if model.meta.kind != ModelKind::Ordinary || model.cascade_effects != CascadeEffects::default() {
            core.rules[model.position] = Some(account_rules.clone());
        }
    }
    Ok(Some(auth))
}

fn secrets(settings: &Settings) -> Result<Secrets, DbError> {
    match &settings.jwt_secret {
        Some(secret) => Ok(Secrets::new(secret.expose().as_bytes())),
        None => Secrets::generated().map_err(DbError::other),
    }
}

/// Returns the models that accounts, roles and permissions belong to, directly or through other models: deleting their
/// rows may cascade.
fn owners_of_access_models(metas: &[&'static ModelMeta]) -> HashSet<&'static str> {
    let mut owners: HashSet<&str> =
        metas.iter().filter(|meta| meta.kind != ModelKind::Ordinary).map(|meta| meta.name).collect();
    loop {
        let owned = metas.iter().filter(|meta| owners.contains(meta.name)).flat_map(|meta| meta.relations);
        let owning = owned.filter(|relation| matches!(relation.kind, RelationKind::BelongsTo { .. }));
        let found: HashSet<&str> = owning.map(|relation| relation.target).collect();
        if found.is_subset(&owners) {
            return owners;
        }
        owners.extend(found);
    }
}

fn cascade_effects(meta: &ModelMeta, metas: &[&'static ModelMeta], cascades: &Cascades) -> CascadeEffects {
    let onto = |kind: ModelKind| {
        let mut targets = metas.iter().filter(|target| target.kind == kind);
        targets.any(|target| cascades.onto(target.table).contains(meta.table))
    };
    // Rows of role models are checked one by one when they are deleted.
    let overrides = meta.kind == ModelKind::Ordinary && onto(ModelKind::AccountPermission);
    let found = CascadeEffects { accounts: onto(ModelKind::Account), overrides };
    if found != CascadeEffects::default() {
        let table = meta.table;
        tracing::warn!(table, ?found, "deleting rows of this table deletes accounts or permissions denied to them");
    }
    found
}
