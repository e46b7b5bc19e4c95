//! Turns drafts into the schema: all checks that involve more than one part. Each file checks one subject; this file
//! fixes their order.

mod access;
mod account;
mod auth;
mod body_rules;
mod cascades;
mod columns;
mod cycles;
mod email;
mod identifiers;
mod indexes;
mod join_tables;
mod large_values;
mod models;
mod presets;
mod relations;
mod role_models;
mod sql_names;
mod unindexed;

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::DraftModel;
use crate::lower::{AppDraft, lower_app, lower_model};
use crate::names;
use crate::nearest::suggestion;
use crate::node::{Node, Spanned};
use crate::schema::{Access, Model, ModelKind, Permission, Schema};
use crate::source::SourceText;

use columns::Columns;

/// The input that all checks share.
pub(crate) struct CheckContext<'d, 'n> {
    pub(crate) drafts: &'d [DraftModel<'n>],
    /// False if a file could not be read; an unknown name may then exist in that file.
    pub(crate) complete: bool,
    /// The model with `account: true`.
    pub(crate) account: Option<&'d DraftModel<'n>>,
}

impl<'d, 'n> CheckContext<'d, 'n> {
    pub(crate) fn draft(&self, name: &str) -> Option<&'d DraftModel<'n>> {
        self.drafts.iter().find(|draft| draft.name.value == name)
    }

    pub(crate) fn is_account(&self, name: &str) -> bool {
        self.account.is_some_and(|account| account.name.value == name)
    }

    /// Finds a model by its name, or reports a problem; `referrer` describes what refers to it.
    pub(crate) fn resolve(
        &self,
        referrer: &str,
        name: &Spanned<String>,
        sink: &mut Sink,
    ) -> Option<&'d DraftModel<'n>> {
        let found = self.draft(&name.value);
        if found.is_none() && self.complete {
            let message = format!("{referrer} refers to unknown model `{}`", name.value);
            let help = suggestion(&name.value, self.drafts.iter().map(|draft| draft.name.value.as_str()));
            sink.push(
                Problem::new("unknown-model", name.span, message).label("no model has this name").maybe_help(help),
            );
        }
        found
    }
}

/// Returns the schema and a sink with the advice about it, or `None` if something was refused; `sink` then holds the
/// reasons.
pub(crate) fn check(
    texts: &[SourceText],
    trees: &[Option<Node>],
    complete: bool,
    sink: &mut Sink,
) -> Option<(Schema, Sink)> {
    let app = app(texts, trees, sink);
    let (mut drafts, named) = drafts(texts, trees, sink);
    drafts.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    if drafts.is_empty() {
        refuse_missing_models(texts, complete && named, sink);
        return None;
    }
    models::check_names(&drafts, sink);
    let complete = complete && named && trees.iter().all(Option::is_some);
    let account = account::find(&drafts, sink);
    let context = CheckContext { drafts: &drafts, complete, account };
    let schema = assemble(&context, app, sink)?;
    let mut advice = Sink::default();
    unindexed::advise(&drafts, &schema.models, &mut advice);
    large_values::advise(&drafts, &mut advice);
    Some((schema, advice))
}

fn assemble(context: &CheckContext<'_, '_>, app: AppDraft<'_>, sink: &mut Sink) -> Option<Schema> {
    let columns: Vec<Columns> = context.drafts.iter().map(|draft| columns::columns(draft, context, sink)).collect();
    let relations = relations::resolve(context, &columns, sink);
    cycles::check(context, sink);
    let auth = auth::check(context, &columns, &relations, &app, sink);
    role_models::check(context, &columns, auth.mode, sink);
    cascades::check(context, auth.mode, sink);
    let access = access::check(context, &columns, &auth, sink);
    let routes = presets::check(
        &presets::Parts { context, columns: &columns, relations: &relations, auth: &auth },
        &app.app.query,
        sink,
    );
    let indexes = indexes::check(context, &columns, &relations, sink);
    if sink.has_errors() {
        return None;
    }
    let parts = context.drafts.iter().zip(columns).zip(relations).zip(access).zip(indexes).zip(routes);
    let models: Vec<Model> = parts
        .map(|(((((draft, columns), relations), access), indexes), routes)| Model {
            name: draft.name.value.clone(),
            file: draft.file.clone(),
            description: draft.description.clone(),
            table: names::table(&draft.name.value),
            path: names::path(&draft.name.value),
            resource: names::resource(&draft.name.value),
            module: names::module(&draft.name.value),
            kind: kind(&draft.name.value, context, &auth),
            id: draft.id,
            timestamps: draft.timestamps,
            soft_delete: draft.soft_delete,
            fields: columns.into_fields(&indexes),
            relations,
            indexes: indexes.plain,
            uniques: indexes.unique,
            access,
            routes,
        })
        .collect();
    let permissions = permissions(&models);
    let mut plain = app.app;
    plain.auth = auth.auth;
    Some(Schema { app: plain, models, permissions })
}

fn kind(name: &str, context: &CheckContext<'_, '_>, auth: &auth::CheckedAuth) -> ModelKind {
    if context.is_account(name) {
        return ModelKind::Account;
    }
    role_models::kind(name, auth.mode)
}

fn permissions(models: &[Model]) -> Vec<Permission> {
    let of_model = |model: &Model, access: &Access| Permission {
        resource: model.resource.clone(),
        action: access.action.clone(),
        constant: names::permission_constant(&model.name, &access.action),
        description: access.description.clone(),
    };
    let mut permissions: Vec<Permission> =
        models.iter().flat_map(|model| model.access.iter().map(move |access| of_model(model, access))).collect();
    // Stable: actions keep their order within a resource.
    permissions.sort_by(|a, b| a.resource.cmp(&b.resource));
    permissions
}

fn app<'t>(texts: &[SourceText], trees: &'t [Option<Node>], sink: &mut Sink) -> AppDraft<'t> {
    let files: Vec<usize> = (0..texts.len()).filter(|&file| texts[file].is_app()).collect();
    if let [first, second, ..] = files.as_slice() {
        let message = format!("the application is already described in {}", texts[*first].base_name());
        sink.push(Problem::new("duplicate-app", Span::start_of(*second), message).label("remove one of the two files"));
    }
    let tree = files.first().and_then(|&file| trees[file].as_ref());
    tree.map_or_else(AppDraft::default, |node| lower_app(node, sink))
}

/// Lowers every model file. The flag is false if a file has no valid model name, and therefore no draft.
fn drafts<'t>(texts: &[SourceText], trees: &'t [Option<Node>], sink: &mut Sink) -> (Vec<DraftModel<'t>>, bool) {
    let mut drafts = Vec::new();
    let mut named = true;
    for (text, tree) in texts.iter().zip(trees) {
        let Some(node) = tree.as_ref().filter(|_| !text.is_app()) else {
            continue;
        };
        match lower_model(node, text.base_name(), sink) {
            Some(draft) => drafts.push(draft),
            None => named = false,
        }
    }
    (drafts, named)
}

fn refuse_missing_models(texts: &[SourceText], complete: bool, sink: &mut Sink) {
    let only_app = texts.iter().all(SourceText::is_app);
    if complete && only_app && !sink.has_errors() {
        let problem = Problem::new("no-models", Span::start_of(0), "the schema has no models");
        sink.push(
            problem
                .label("there is only the description of the application")
                .help("add a model file, such as `post.yaml`"),
        );
    }
}
