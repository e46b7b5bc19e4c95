//! A random schema as an application of Gable has it: constants, tables, and a `Core` over them.

use std::path::Path;
use std::sync::Arc;

use super::record::Cells;
use super::schema::{Field, Kind, Model, Reader, Schema, Term, Wanted};
use super::value::Value;
use super::world::World;
use crate::access::Permission;
use crate::api::{Mounted, MountedModel};
use crate::app_meta::AppMeta;
use crate::clock::Clock;
use crate::core::Core;
use crate::db::{Database, Source, Statement};
use crate::hooks::HookTable;
use crate::mail::{MailRoom, Mailbox};
use crate::resource::{
    ActionMeta, Condition, ConditionValue, FieldKind, FieldMeta, ModelKind, ModelMeta, Origin, RelationKind,
    RelationMeta, RuleMeta, Who,
};
use crate::settings::Settings;
use crate::settings::tests::app;

/// Starts an application with these models and rows.
pub(super) async fn start(world: &World) -> Arc<Core> {
    let db = Database::connect("sqlite::memory:", 1).await.expect("a database");
    fill(&db, world).await;
    let app: &'static AppMeta = Box::leak(Box::new(AppMeta { query: world.schema.limits, ..app(None) }));
    let settings = Settings::from_list(app, &[], Path::new("unused")).expect("settings");
    let mail = MailRoom::new(app, &settings, &[], Some(Mailbox::default())).expect("a mail room");
    let models = (0..world.schema.models.len()).map(|model| MountedModel {
        resource: Box::new(Cells(meta(&world.schema, model))),
        hooks: HookTable::default(),
    });
    let mounted = Mounted { models: models.collect(), auth: HookTable::default() };
    Arc::new(Core::start(app, settings, db, mounted, Clock::default(), mail).await.expect("a core"))
}

fn leaked(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn meta(schema: &Schema, model: usize) -> &'static ModelMeta {
    let known = &schema.models[model];
    let action = |nth: usize, action, rules| {
        ActionMeta::new(Permission::new(u16::try_from(model * 4 + nth).expect("few")), action, rules)
    };
    let actions = vec![
        action(0, "View", view(known)),
        action(1, "Create", &[]),
        action(2, "Update", &[]),
        action(3, "Delete", &[]),
    ];
    Box::leak(Box::new(ModelMeta {
        name: known.name,
        table: leaked(&known.table),
        path: known.name,
        resource: known.name,
        kind: ModelKind::Ordinary,
        id: known.id,
        soft_delete: known.soft_delete,
        fields: known.fields.iter().map(field).collect::<Vec<_>>().leak(),
        relations: (0..known.relations.len()).map(|nth| relation(schema, known, nth)).collect::<Vec<_>>().leak(),
        uniques: &[],
        actions: actions.leak(),
        routes: &[],
    }))
}

fn field(field: &Field) -> FieldMeta {
    let meta = FieldMeta::new(leaked(&field.name), leaked(&field.column), field.kind).origin(field.origin);
    FieldMeta {
        optional: field.optional,
        private: field.reader == Reader::Nobody,
        read_roles: (field.reader == Reader::Editors).then_some(&["Editor"]),
        ..meta
    }
}

fn relation(schema: &Schema, model: &Model, nth: usize) -> RelationMeta {
    let relation = &model.relations[nth];
    let target = &schema.models[relation.target];
    let kind = match relation.kind {
        Kind::BelongsTo(key) => RelationKind::BelongsTo { field: leaked(&model.fields[key].name) },
        Kind::HasOne(key) => RelationKind::HasOne { field: leaked(&target.fields[key].name) },
        Kind::HasMany(key) => RelationKind::HasMany { field: leaked(&target.fields[key].name) },
        Kind::ManyToMany(links, end) => {
            let links = &schema.links[links];
            RelationKind::ManyToMany {
                table: leaked(&links.table),
                this_column: leaked(&links.columns[end]),
                target_column: leaked(&links.columns[1 - end]),
            }
        }
    };
    RelationMeta::new(leaked(&relation.name), target.name, kind)
}

/// Editors see everything, so that a rule is there that strangers gain nothing by.
fn view(model: &Model) -> &'static [RuleMeta] {
    let mut rules = vec![RuleMeta::new(Who::Roles(&["Editor"]), &[]), RuleMeta::new(Who::Authenticated, &[])];
    for terms in model.view.iter().flatten() {
        rules.push(RuleMeta::new(Who::Public, terms.iter().map(condition).collect::<Vec<_>>().leak()));
    }
    rules.leak()
}

fn condition(term: &Term) -> Condition {
    let value = match &term.value {
        Wanted::Me => ConditionValue::Me,
        Wanted::Value(Value::Null) => ConditionValue::Null,
        Wanted::Value(Value::Truth(truth)) => ConditionValue::Boolean(*truth),
        Wanted::Value(Value::Whole(number)) => ConditionValue::Integer(*number),
        Wanted::Value(Value::Real(number)) => ConditionValue::Float(*number),
        Wanted::Value(value) => ConditionValue::Text(leaked(&value.text())),
    };
    Condition::new(term.field, value)
}

async fn fill(db: &Database, world: &World) {
    let transaction = db.begin().await.expect("a transaction");
    let source = Source::Transaction(&transaction);
    for statement in statements(db, world) {
        let sql = statement.sql.clone();
        source.execute(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    transaction.commit().await.expect("a commit");
}

fn statements(db: &Database, world: &World) -> Vec<Statement> {
    let mut statements = Vec::new();
    let text = |sql: String| Statement::new(db.dialect(), sql);
    for (model, rows) in world.schema.models.iter().zip(&world.rows) {
        let columns: Vec<String> = model.fields.iter().map(column).collect();
        statements.push(text(format!("CREATE TABLE \"{}\" ({})", model.table, columns.join(", "))));
        for key in model.fields.iter().filter(|field| field.origin == Origin::ForeignKey) {
            statements.push(text(format!("CREATE INDEX \"{0}_{1}\" ON \"{0}\" (\"{1}\")", model.table, key.column)));
        }
        statements.extend(rows.iter().map(|row| insert(db, &model.table, row)));
    }
    for (links, pairs) in world.schema.links.iter().zip(&world.links) {
        let [this, that] = &links.columns;
        let table = &links.table;
        statements
            .push(text(format!("CREATE TABLE \"{table}\" (\"{this}\", \"{that}\", UNIQUE (\"{this}\", \"{that}\"))")));
        statements.extend(pairs.iter().map(|pair| insert(db, table, pair)));
    }
    statements
}

/// As migrations declare it.
fn column(field: &Field) -> String {
    let kind = match field.kind {
        FieldKind::Integer => "INTEGER",
        FieldKind::Bigint => "BIGINT",
        FieldKind::Float | FieldKind::Decimal { .. } => "REAL",
        FieldKind::Boolean => "BOOLEAN",
        FieldKind::Uuid => "BLOB",
        _ => "TEXT",
    };
    let key = if field.origin == Origin::Id { " PRIMARY KEY" } else { "" };
    format!("\"{}\" {kind} {}{key}", field.column, if field.optional { "NULL" } else { "NOT NULL" })
}

fn insert(db: &Database, table: &str, values: &[Value]) -> Statement {
    let mut statement = Statement::new(db.dialect(), format!("INSERT INTO \"{table}\" VALUES ("));
    statement.join(", ", values, |statement, value| statement.bind(value.bound())).push(")");
    statement
}
