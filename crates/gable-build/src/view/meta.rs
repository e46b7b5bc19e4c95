//! The constant tables of a model, `ModelMeta` and its parts, as expressions.

use gable_schema::schema::{
    Access, Condition, ConditionValue, Field, FieldType, IdKind, Index, Model, ModelRoute, Origin, RateLimit, Relation,
    RelationKind, Rule, Schema, Who,
};
use serde::Serialize;
use serde_json::Value;

use super::position::RelationPosition;
use super::{enums, literal, position, preset, types};

#[derive(Serialize)]
pub(super) struct MetaView {
    /// Paths of this crate that the metadata names.
    imports: Vec<String>,
    fields: Vec<String>,
    relations: Vec<String>,
    uniques: Vec<String>,
    actions: Vec<String>,
    routes: Vec<String>,
    positions: Vec<RelationPosition>,
}

pub(super) fn meta(schema: &Schema, model: &Model) -> MetaView {
    MetaView {
        imports: imports(schema, model),
        fields: model.fields.iter().map(|field| field_meta(schema, model, field)).collect(),
        relations: model.relations.iter().map(|relation| relation_meta(schema, relation)).collect(),
        uniques: model.uniques.iter().map(|unique| unique_meta(model, unique)).collect(),
        actions: model.access.iter().map(|access| action_meta(schema, model, access)).collect(),
        routes: model.routes.iter().map(|route| route_meta(schema, model, route)).collect(),
        positions: position::relations(model),
    }
}

fn imports(schema: &Schema, model: &Model) -> Vec<String> {
    let column = position::names_columns(schema, model).then(|| "Column".to_owned());
    let types: Vec<String> = column.into_iter().chain(enums::names(model)).collect();
    let types = (!types.is_empty()).then(|| format!("{}::{{{}}}", model.module, types.join(", ")));
    std::iter::once("permission".to_owned()).chain(types).collect()
}

fn field_meta(schema: &Schema, model: &Model, field: &Field) -> String {
    let kind = format!("FieldKind::{}", kind(schema, model, field));
    let mut entry = match &field.origin {
        Origin::Id => return format!("FieldMeta::id({kind})"),
        Origin::CreatedAt => return "FieldMeta::created_at()".to_owned(),
        Origin::UpdatedAt => return "FieldMeta::updated_at()".to_owned(),
        Origin::DeletedAt => return "FieldMeta::deleted_at()".to_owned(),
        Origin::Declared => constructor("new", field, &kind),
        Origin::ForeignKey { .. } => constructor("foreign_key", field, &kind),
        Origin::Account => constructor("account", field, &kind),
    };
    let flags = [
        (field.optional, ".optional()"),
        (field.private, ".private()"),
        (field.read_only, ".read_only()"),
        (field.immutable, ".immutable()"),
        (field.case_insensitive, ".case_insensitive()"),
    ];
    flags.iter().filter(|(set, _)| *set).for_each(|(_, flag)| entry += flag);
    for (roles, method) in [(&field.read_roles, "read_roles"), (&field.write_roles, "write_roles")] {
        if let Some(roles) = roles {
            entry += &format!(".{method}({})", literal::texts(roles));
        }
    }
    entry
}

fn constructor(function: &str, field: &Field, kind: &str) -> String {
    format!("FieldMeta::{function}({}, {}, {kind})", literal::text(&field.name), literal::text(&field.column))
}

fn kind(schema: &Schema, model: &Model, field: &Field) -> String {
    if let Some(id) = types::key_kind(schema, model, field) {
        return match id {
            IdKind::Uuid => "Uuid".to_owned(),
            IdKind::Integer => "Bigint".to_owned(),
        };
    }
    let kind = match &field.ty {
        FieldType::String { .. } => "String",
        FieldType::Text { .. } => "Text",
        FieldType::Email => "Email",
        FieldType::Url => "Url",
        FieldType::Password => "Password",
        FieldType::Integer { .. } => "Integer",
        FieldType::Bigint { .. } => "Bigint",
        FieldType::Float { .. } => "Float",
        FieldType::Decimal { precision, scale, .. } => {
            return format!("decimal({precision}, {scale})");
        }
        FieldType::Boolean => "Boolean",
        FieldType::Date => "Date",
        FieldType::Time => "Time",
        FieldType::Datetime => "Datetime",
        FieldType::Uuid => "Uuid",
        FieldType::Json { .. } => "Json",
        FieldType::Enum { rust_name, .. } => return format!("Enum({rust_name}::TEXTS)"),
        FieldType::EnumList { rust_name, .. } => return format!("EnumList({rust_name}::TEXTS)"),
    };
    kind.to_owned()
}

fn relation_meta(schema: &Schema, relation: &Relation) -> String {
    let (name, target) = (literal::text(&relation.name), literal::text(&relation.target));
    let key = |via: &str| literal::text(key_of(schema, relation, via).unwrap_or_default());
    match &relation.kind {
        RelationKind::BelongsTo { field, .. } => {
            format!("RelationMeta::belongs_to({name}, {target}, {})", literal::text(field))
        }
        RelationKind::HasOne { via } => format!("RelationMeta::has_one({name}, {target}, {})", key(via)),
        RelationKind::HasMany { via } => format!("RelationMeta::has_many({name}, {target}, {})", key(via)),
        RelationKind::ManyToMany { table, this_column, target_column, .. } => format!(
            "RelationMeta::new({name}, {target}, \
             RelationKind::ManyToMany {{ table: {}, this_column: {}, target_column: {} }})",
            literal::text(table),
            literal::text(this_column),
            literal::text(target_column)
        ),
    }
}

/// Returns the key of the target's relation `via`.
fn key_of<'s>(schema: &'s Schema, relation: &Relation, via: &str) -> Option<&'s str> {
    let target = schema.model(&relation.target)?;
    let back = target.relations.iter().find(|relation| relation.name == via)?;
    match &back.kind {
        RelationKind::BelongsTo { field, .. } => Some(field),
        _ => None,
    }
}

fn unique_meta(model: &Model, unique: &Index) -> String {
    let names: String = unique.fields.iter().map(|name| upper_first(name)).collect();
    format!(
        "UniqueMeta::new({}, {}, {})",
        literal::text(&unique.name),
        literal::texts(&unique.fields),
        literal::text(&format!("{}{names}UniqueConstraint", model.name))
    )
}

fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn action_meta(schema: &Schema, model: &Model, access: &Access) -> String {
    let is_this = |permission: &&gable_schema::schema::Permission| {
        permission.resource == model.resource && permission.action == access.action
    };
    let constant = schema.permissions.iter().find(is_this).map_or("", |permission| &permission.constant);
    let rules: Vec<String> = access.rules.iter().map(|rule| rule_meta(model, rule)).collect();
    let mut entry =
        format!("ActionMeta::new(permission::{constant}, {}, &[{}])", literal::text(&access.action), rules.join(", "));
    if let Some(description) = &access.description {
        entry += &format!(".description({})", literal::text(description));
    }
    entry
}

fn rule_meta(model: &Model, rule: &Rule) -> String {
    let who = match &rule.who {
        Who::Public => "public()".to_owned(),
        Who::Authenticated => "authenticated()".to_owned(),
        Who::Roles(roles) => format!("roles({})", literal::texts(roles)),
    };
    let conditions: Vec<String> = rule.conditions.iter().map(|condition| condition_meta(model, condition)).collect();
    let matching =
        if conditions.is_empty() { String::new() } else { format!(".matching(&[{}])", conditions.join(", ")) };
    format!("RuleMeta::{who}{matching}")
}

pub(super) fn condition_meta(model: &Model, condition: &Condition) -> String {
    let field = model.field(&condition.field);
    let position = field.map(position::own_column).unwrap_or_default();
    match &condition.value {
        ConditionValue::Me => format!("Condition::me({position})"),
        ConditionValue::Null | ConditionValue::Value(Value::Null) => format!("Condition::null({position})"),
        ConditionValue::Value(value) => {
            let (constructor, value) = field.map(|field| condition_value(field, value)).unwrap_or_default();
            format!("Condition::{constructor}({position}, {value})")
        }
    }
}

/// Returns the constructor of a condition and the value that it takes.
fn condition_value(field: &Field, value: &Value) -> (&'static str, String) {
    match (value, &field.ty) {
        (Value::Bool(value), _) => ("boolean", value.to_string()),
        (Value::Number(number), FieldType::Float { .. }) => {
            ("float", literal::float(number.as_f64().unwrap_or_default()))
        }
        (Value::Number(number), FieldType::Decimal { .. }) => ("text", literal::text(&number.to_string())),
        (Value::Number(number), _) => ("integer", number.as_i64().unwrap_or_default().to_string()),
        (Value::String(text), _) => ("text", literal::text(text)),
        (Value::Null | Value::Array(_) | Value::Object(_), _) => ("text", literal::text(&value.to_string())),
    }
}

fn route_meta(schema: &Schema, model: &Model, route: &ModelRoute) -> String {
    let mut entry = format!("RouteMeta::new(Operation::{:?})", route.operation);
    if route.route.disabled {
        entry += ".disabled()";
    }
    if let Some(limit) = &route.route.rate_limit {
        entry += &format!(".rate_limit({})", rate_limit(limit));
    }
    if !route.preset.is_empty() {
        entry += &format!(".preset(&{})", preset::route(schema, model, &route.preset));
    }
    entry
}

pub(super) fn optional_rate_limit(limit: Option<&RateLimit>) -> String {
    limit.map_or_else(|| "None".to_owned(), |limit| format!("Some({})", rate_limit(limit)))
}

pub(super) fn rate_limit(limit: &RateLimit) -> String {
    format!("RateLimit {{ window_ms: {}, max: {} }}", limit.window_ms, limit.max)
}
