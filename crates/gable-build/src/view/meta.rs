//! The constant tables of a model, `ModelMeta` and its parts, as expressions.

use gable_schema::schema::{
    Access, Condition, ConditionValue, Field, FieldType, IdKind, Index, Model, ModelRoute, Origin, RateLimit, Relation,
    RelationKind, Rule, Schema, Who,
};
use serde::Serialize;
use serde_json::Value;

use super::{literal, preset, types};

#[derive(Serialize)]
pub(super) struct MetaView {
    fields: Vec<String>,
    relations: Vec<String>,
    uniques: Vec<String>,
    actions: Vec<String>,
    routes: Vec<String>,
}

pub(super) fn meta(schema: &Schema, model: &Model) -> MetaView {
    MetaView {
        fields: model.fields.iter().map(|field| field_meta(schema, model, field)).collect(),
        relations: model.relations.iter().map(|relation| relation_meta(schema, relation)).collect(),
        uniques: model.uniques.iter().map(|unique| unique_meta(model, unique)).collect(),
        actions: model.access.iter().map(|access| action_meta(schema, model, access)).collect(),
        routes: model.routes.iter().map(|route| route_meta(schema, model, route)).collect(),
    }
}

fn field_meta(schema: &Schema, model: &Model, field: &Field) -> String {
    let (name, column) = (literal::text(&field.name), literal::text(&field.column));
    let mut entry = format!("FieldMeta::new({name}, {column}, FieldKind::{})", kind(schema, model, field));
    let flags = [
        (field.optional, ".optional()"),
        (field.private, ".private()"),
        (field.read_only, ".read_only()"),
        (field.immutable, ".immutable()"),
        (field.case_insensitive, ".case_insensitive()"),
    ];
    if let Some(origin) = origin(&field.origin) {
        entry += &format!(".origin(Origin::{origin})");
    }
    flags.iter().filter(|(set, _)| *set).for_each(|(_, flag)| entry += flag);
    for (roles, method) in [(&field.read_roles, "read_roles"), (&field.write_roles, "write_roles")] {
        if let Some(roles) = roles {
            entry += &format!(".{method}({})", literal::texts(roles));
        }
    }
    entry
}

/// `None` if `FieldMeta::new` already gives the value.
fn origin(origin: &Origin) -> Option<&'static str> {
    match origin {
        Origin::Declared => None,
        Origin::Id => Some("Id"),
        Origin::ForeignKey { .. } => Some("ForeignKey"),
        Origin::Account => Some("Account"),
        Origin::CreatedAt => Some("CreatedAt"),
        Origin::UpdatedAt => Some("UpdatedAt"),
        Origin::DeletedAt => Some("DeletedAt"),
    }
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
            return format!("Decimal {{ precision: {precision}, scale: {scale} }}");
        }
        FieldType::Boolean => "Boolean",
        FieldType::Date => "Date",
        FieldType::Time => "Time",
        FieldType::Datetime => "Datetime",
        FieldType::Uuid => "Uuid",
        FieldType::Json { .. } => "Json",
        FieldType::Enum { values, .. } => return format!("Enum({})", values_of(values)),
        FieldType::EnumList { values, .. } => return format!("EnumList({})", values_of(values)),
    };
    kind.to_owned()
}

fn values_of(values: &[gable_schema::schema::EnumValue]) -> String {
    let texts: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
    literal::texts(&texts)
}

fn relation_meta(schema: &Schema, relation: &Relation) -> String {
    let (name, target) = (literal::text(&relation.name), literal::text(&relation.target));
    let key = |via: &str| literal::text(key_of(schema, relation, via).unwrap_or_default());
    let kind = match &relation.kind {
        RelationKind::BelongsTo { field, .. } => format!("BelongsTo {{ field: {} }}", literal::text(field)),
        RelationKind::HasOne { via } => format!("HasOne {{ field: {} }}", key(via)),
        RelationKind::HasMany { via } => format!("HasMany {{ field: {} }}", key(via)),
        RelationKind::ManyToMany { table, this_column, target_column, .. } => format!(
            "ManyToMany {{ table: {}, this_column: {}, target_column: {} }}",
            literal::text(table),
            literal::text(this_column),
            literal::text(target_column)
        ),
    };
    format!("RelationMeta::new({name}, {target}, RelationKind::{kind})")
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
        Who::Public => "Public".to_owned(),
        Who::Authenticated => "Authenticated".to_owned(),
        Who::Roles(roles) => format!("Roles({})", literal::texts(roles)),
    };
    let conditions: Vec<String> = rule.conditions.iter().map(|condition| condition_meta(model, condition)).collect();
    format!("RuleMeta::new(Who::{who}, &[{}])", conditions.join(", "))
}

pub(super) fn condition_meta(model: &Model, condition: &Condition) -> String {
    let position = model.fields.iter().position(|field| field.name == condition.field).unwrap_or_default();
    let value = match &condition.value {
        ConditionValue::Me => "Me".to_owned(),
        ConditionValue::Null => "Null".to_owned(),
        ConditionValue::Value(value) => condition_value(&model.fields[position], value),
    };
    format!("Condition::new({position}, ConditionValue::{value})")
}

fn condition_value(field: &Field, value: &Value) -> String {
    match (value, &field.ty) {
        (Value::Null, _) => "Null".to_owned(),
        (Value::Bool(value), _) => format!("Boolean({value})"),
        (Value::Number(number), FieldType::Float { .. }) => {
            format!("Float({})", literal::float(number.as_f64().unwrap_or_default()))
        }
        (Value::Number(number), FieldType::Decimal { .. }) => format!("Text({})", literal::text(&number.to_string())),
        (Value::Number(number), _) => format!("Integer({})", number.as_i64().unwrap_or_default()),
        (Value::String(text), _) => format!("Text({})", literal::text(text)),
        (Value::Array(_) | Value::Object(_), _) => format!("Text({})", literal::text(&value.to_string())),
    }
}

fn route_meta(schema: &Schema, model: &Model, route: &ModelRoute) -> String {
    let mut entry = format!(
        "RouteMeta::new(Operation::{:?}, {}, {})",
        route.operation,
        route.route.disabled,
        optional_rate_limit(route.route.rate_limit.as_ref())
    );
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
