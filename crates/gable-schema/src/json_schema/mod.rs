//! Prints the schema language as a JSON Schema for editors, from the tables that the reader uses.

use serde_json::{Map, Value, json};

use crate::keys::{self, Key, Shape, Table};

const CAMEL: &str = "^[a-z][A-Za-z0-9]*$";
const PASCAL: &str = "^[A-Z][A-Za-z0-9]*$";

/// JSON Schema (2020-12) of a model file or `app.yaml`.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    define(&keys::MODEL, &mut definitions);
    define(&keys::APP, &mut definitions);
    define(&keys::FIELD, &mut definitions);
    define(&keys::ACCESS_RULE, &mut definitions);
    define(&keys::BODY_RULE, &mut definitions);
    for table in keys::RELATION_KINDS {
        define(table, &mut definitions);
    }
    definitions.insert("fieldOrType".to_owned(), field_or_type());
    definitions.insert("relation".to_owned(), relation());
    definitions.insert("action".to_owned(), action());
    definitions.insert("who".to_owned(), who());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A model of a Gable application, or its app.yaml",
        "oneOf": [reference(keys::MODEL.name), reference(keys::APP.name)],
        "$defs": definitions,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// Adds a table and all tables that it refers to.
fn define(table: &'static Table, definitions: &mut Map<String, Value>) {
    if definitions.contains_key(table.name) {
        return;
    }
    // Registered before its keys are visited, so that a cycle of tables terminates.
    definitions.insert(table.name.to_owned(), Value::Null);
    let properties: Map<String, Value> =
        table.keys.iter().map(|key| (key.name.to_owned(), property(key, definitions))).collect();
    let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    definitions.insert(table.name.to_owned(), object);
}

fn property(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut shape = shape(&key.shape, definitions);
    shape["description"] = json!(key.about);
    shape
}

fn shape(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Number => json!({ "type": ["number", "string"] }),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9]+ *[smhdw]$" }),
        Shape::Size => {
            json!({ "type": ["string", "integer"], "pattern": "^[0-9]+ *([kKmMgG])?[bB]$" })
        }
        Shape::Any => json!({}),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::TextLists => {
            json!({ "type": ["array", "null"], "items": { "type": "array", "items": { "type": "string" }, "minItems": 1 } })
        }
        Shape::Word(words) if *words == keys::TYPES => type_name(),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Words(words) => {
            json!({ "type": "array", "items": { "enum": words }, "minItems": 1, "uniqueItems": true })
        }
        Shape::Map(table) => {
            define(table, definitions);
            reference(table.name)
        }
        Shape::Fields => named(CAMEL, "fieldOrType"),
        Shape::Relations => named(CAMEL, "relation"),
        Shape::Actions => named(PASCAL, "action"),
        Shape::BodyRules => named(CAMEL, keys::BODY_RULE.name),
        Shape::Who => reference("who"),
        Shape::Names => {
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] })
        }
    }
}

fn named(pattern: &str, definition: &str) -> Value {
    json!({
        "type": ["object", "null"],
        "propertyNames": { "pattern": pattern },
        "additionalProperties": reference(definition),
    })
}

fn type_name() -> Value {
    let optional = keys::TYPES.iter().map(|name| format!("{name}?"));
    let names: Vec<String> = keys::TYPES.iter().map(|name| (*name).to_owned()).chain(optional).collect();
    json!({ "enum": names })
}

fn field_or_type() -> Value {
    json!({ "oneOf": [type_name(), reference(keys::FIELD.name)] })
}

fn relation() -> Value {
    let kinds: Vec<Value> = keys::RELATION_KINDS.iter().map(|table| reference(table.name)).collect();
    json!({ "oneOf": kinds })
}

fn who() -> Value {
    json!({ "oneOf": [{ "enum": ["public", "authenticated"] }, { "type": "array", "items": { "type": "string" } }] })
}

fn action() -> Value {
    let rule = reference(keys::ACCESS_RULE.name);
    json!({ "anyOf": [reference("who"), rule, { "type": "array", "items": rule }] })
}

#[cfg(test)]
mod tests;
