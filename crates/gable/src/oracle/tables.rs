//! A random schema as an application of Gable: metadata, tables, and a `Core` over them.

use std::path::Path;
use std::sync::Arc;

use super::database::TestDatabase;
use super::record::Cells;
use super::schema::{Field, Kind, Links, Model, Reader, Rule, Schema, Term, Wanted};
use super::value::Value;
use super::world::World;
use crate::clock::Clock;
use crate::context::Core;
use crate::context::hooks::HookTable;
use crate::db::{Database, Dialect, Source, Statement};
use crate::mail::{MailService, Mailbox};
use crate::meta::{
    ActionMeta, AppMeta, Condition, ConditionValue, FieldKind, FieldMeta, ModelKind, ModelMeta, Origin, Permission,
    RelationKind, RelationMeta, RuleMeta,
};
use crate::server::api::{Mounted, MountedModel};
use crate::server::assemble;
use crate::settings::Settings;
use crate::settings::tests::app;

/// Starts an application with these models and rows.
pub(super) async fn start(database: &TestDatabase, world: &World) -> Arc<Core> {
    let db = database.emptied().await;
    fill(&db, world).await;
    let app: &'static AppMeta = Box::leak(Box::new(AppMeta { query: world.schema.limits, ..app(None) }));
    let settings = Settings::from_list(app, &[], Path::new("unused")).expect("settings");
    let mail = MailService::new(app, &settings, &[], Some(Mailbox::default())).expect("a mail room");
    let models = (0..world.schema.models.len()).map(|model| MountedModel {
        resource: Box::new(Cells(meta(&world.schema, model))),
        hooks: HookTable::default(),
    });
    let mounted = Mounted { models: models.collect(), auth: HookTable::default() };
    assemble(app, settings, db, mounted, Clock::default(), mail).await.expect("a core").core
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
        action(0, "View", known.view.iter().map(rule).collect::<Vec<_>>().leak()),
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
        read_roles: if let Reader::Roles(roles) = field.reader { Some(roles) } else { None },
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

fn rule(rule: &Rule) -> RuleMeta {
    RuleMeta::new(rule.who, rule.terms.iter().map(condition).collect::<Vec<_>>().leak())
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
    for statement in statements(world) {
        let sql = statement.sql.clone();
        source.execute(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    transaction.commit().await.expect("a commit");
}

fn statements(world: &World) -> Vec<Statement> {
    let Schema { dialect, models, links, .. } = &world.schema;
    let mut statements = Vec::new();
    for (nth, (model, rows)) in models.iter().zip(&world.rows).enumerate() {
        let columns: Vec<String> = model.fields.iter().map(|field| column(field, *dialect)).collect();
        statements.push(create(*dialect, &model.table, &columns));
        statements.extend(indexes(&world.schema, nth));
        let kinds: Vec<FieldKind> = model.fields.iter().map(|field| field.kind).collect();
        statements.extend(rows.iter().map(|row| insert(*dialect, &model.table, &kinds, row)));
    }
    for (links, pairs) in links.iter().zip(&world.links) {
        statements.extend(create_links(&world.schema, links));
        let kinds = links.models.map(|model| models[model].fields[0].kind);
        statements.extend(pairs.iter().map(|pair| insert(*dialect, &links.table, &kinds, pair)));
    }
    statements
}

fn create(dialect: Dialect, table: &str, parts: &[String]) -> Statement {
    Statement::new(dialect, format!("CREATE TABLE \"{table}\" ({})", parts.join(", ")))
}

/// Indexes of foreign keys, as migrations create them.
fn indexes(schema: &Schema, model: usize) -> Vec<Statement> {
    let known = &schema.models[model];
    let keys = known.fields.iter().enumerate().filter(|(_, field)| field.origin == Origin::ForeignKey);
    let indexes = keys.map(|(nth, key)| {
        let unique = if schema.is_unique(model, nth) { "UNIQUE " } else { "" };
        let nulls = if key.optional && schema.dialect == Dialect::Postgres { " NULLS FIRST" } else { "" };
        let id = if unique.is_empty() { ", \"id\"" } else { "" };
        let (table, column) = (&known.table, &key.column);
        format!("CREATE {unique}INDEX \"{table}_{column}\" ON \"{table}\" (\"{column}\"{nulls}{id})")
    });
    indexes.map(|sql| Statement::new(schema.dialect, sql)).collect()
}

fn create_links(schema: &Schema, links: &Links) -> [Statement; 2] {
    let Links { table, columns: [this, that], models } = links;
    let [here, there] = models.map(|model| ty(schema.models[model].fields[0].kind, schema.dialect));
    let columns = [
        format!("\"{this}\" {here} NOT NULL"),
        format!("\"{that}\" {there} NOT NULL"),
        format!("PRIMARY KEY (\"{this}\", \"{that}\")"),
    ];
    let index = format!("CREATE INDEX \"{table}_{that}\" ON \"{table}\" (\"{that}\", \"{this}\")");
    [create(schema.dialect, table, &columns), Statement::new(schema.dialect, index)]
}

/// The declaration of a column, as in migrations.
fn column(field: &Field, dialect: Dialect) -> String {
    let name = &field.column;
    match (field.origin, field.kind, dialect) {
        (Origin::Id, FieldKind::Bigint, Dialect::Sqlite) => format!("\"{name}\" INTEGER PRIMARY KEY AUTOINCREMENT"),
        (Origin::Id, FieldKind::Bigint, Dialect::Postgres) => {
            format!("\"{name}\" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        }
        (origin, kind, _) => {
            let null = if field.optional { "NULL" } else { "NOT NULL" };
            let key = if origin == Origin::Id { " PRIMARY KEY" } else { "" };
            format!("\"{name}\" {} {null}{key}", ty(kind, dialect))
        }
    }
}

fn ty(kind: FieldKind, dialect: Dialect) -> String {
    let (sqlite, postgres) = match kind {
        FieldKind::Decimal { precision, scale } => ("REAL", format!("numeric({precision}, {scale})")),
        FieldKind::Integer => ("INTEGER", "integer".to_owned()),
        FieldKind::Bigint => ("BIGINT", "bigint".to_owned()),
        FieldKind::Float => ("REAL", "double precision".to_owned()),
        FieldKind::Boolean => ("BOOLEAN", "boolean".to_owned()),
        FieldKind::Date => ("TEXT", "date".to_owned()),
        FieldKind::Time => ("TEXT", "time(3)".to_owned()),
        FieldKind::Datetime => ("TEXT", "timestamptz(3)".to_owned()),
        FieldKind::Uuid => ("BLOB", "uuid".to_owned()),
        FieldKind::Json | FieldKind::EnumList(_) => ("TEXT", "jsonb".to_owned()),
        FieldKind::Text => ("TEXT", "text".to_owned()),
        _ => ("TEXT", "varchar(255)".to_owned()),
    };
    match dialect {
        Dialect::Sqlite => sqlite.to_owned(),
        Dialect::Postgres => postgres,
    }
}

fn insert(dialect: Dialect, table: &str, kinds: &[FieldKind], values: &[Value]) -> Statement {
    let mut statement = Statement::new(dialect, format!("INSERT INTO \"{table}\" VALUES ("));
    let bound = kinds.iter().zip(values).map(|(kind, value)| value.bound(*kind));
    statement.join(", ", bound, Statement::bind).push(")");
    statement
}
