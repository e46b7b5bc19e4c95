use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::*;
use crate::diagnostic::Sink;
use crate::yaml;

/// All tables of keys that the reader uses. The tests check that the JSON Schema contains each of them.
const TABLES: &[&Table] = &[
    &keys::MODEL,
    &keys::FIELD,
    &keys::FIELD_ACCESS,
    &keys::BELONGS_TO,
    &keys::HAS_ONE,
    &keys::HAS_MANY,
    &keys::MANY_TO_MANY,
    &keys::ACCESS_RULE,
    &keys::MODEL_ROUTES,
    &keys::AUTH_ROUTES,
    &keys::LIST_ROUTE,
    &keys::ROW_ROUTE,
    &keys::CREATE_ROUTE,
    &keys::DELETE_ROUTE,
    &keys::AUTH_ROUTE,
    &keys::BODY_RULE,
    &keys::RATE_LIMIT,
    &keys::APP,
    &keys::SERVER,
    &keys::QUERY,
    &keys::MAIL,
    &keys::MAIL_LINKS,
    &keys::AUTH,
    &keys::LOGIN,
    &keys::JWT,
    &keys::JWT_COOKIE,
    &keys::PASSWORD,
    &keys::LOCKOUT,
    &keys::EMAIL_VERIFICATION,
    &keys::SESSION,
    &keys::TOKEN_PAIR,
];

#[test]
fn every_key_that_is_read_is_in_the_json_schema() {
    let schema = json_schema();
    for table in TABLES {
        let properties = schema["$defs"][table.name]["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("{} is not defined", table.name));
        for key in table.keys {
            assert!(properties.contains_key(key.name), "{}.{}", table.name, key.name);
        }
        assert_eq!(properties.len(), table.keys.len(), "{}", table.name);
    }
}

#[test]
fn the_list_contains_every_table() {
    let sources = [include_str!("../keys/model.rs"), include_str!("../keys/app.rs")];
    assert_eq!(sources.map(|source| source.matches(": Table =").count()).iter().sum::<usize>(), TABLES.len());
}

#[test]
fn names_of_tables_are_distinct() {
    for (index, table) in TABLES.iter().enumerate() {
        assert!(TABLES[..index].iter().all(|other| other.name != table.name), "{}", table.name);
    }
}

/// Validates values by the keywords of JSON Schema that the printed schema uses.
struct Validator {
    root: Value,
}

impl Validator {
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        self.reference(schema, value)
            && Self::branches(schema, "oneOf").is_none_or(|all| self.matching(all, value) == 1)
            && Self::branches(schema, "anyOf").is_none_or(|all| self.matching(all, value) > 0)
            && Self::branches(schema, "enum").is_none_or(|words| words.contains(value))
            && is_of_type(&schema["type"], value)
            && matches_pattern(schema, value)
            && self.items(schema, value)
            && self.members(schema, value)
    }

    fn branches<'s>(schema: &'s Value, key: &str) -> Option<&'s Vec<Value>> {
        schema[key].as_array()
    }

    fn matching(&self, schemas: &[Value], value: &Value) -> usize {
        schemas.iter().filter(|schema| self.accepts(schema, value)).count()
    }

    fn reference(&self, schema: &Value, value: &Value) -> bool {
        let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        name.is_none_or(|name| {
            let definition = &self.root["$defs"][name];
            assert!(definition.is_object(), "{name} is referred to, but not defined");
            self.accepts(definition, value)
        })
    }

    fn items(&self, schema: &Value, value: &Value) -> bool {
        let Some(items) = value.as_array() else {
            return true;
        };
        let enough = schema["minItems"].as_u64().is_none_or(|least| items.len() as u64 >= least);
        enough && (schema["items"].is_null() || items.iter().all(|item| self.accepts(&schema["items"], item)))
    }

    fn members(&self, schema: &Value, value: &Value) -> bool {
        let Some(members) = value.as_object() else {
            return true;
        };
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        required.iter().filter_map(Value::as_str).all(|name| members.contains_key(name))
            && members.iter().all(|(name, value)| {
                matches_pattern(&schema["propertyNames"], &json!(name)) && self.member(schema, name, value)
            })
    }

    fn member(&self, schema: &Value, name: &str, value: &Value) -> bool {
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => false,
            (Value::Null, Value::Null) => true,
            (Value::Null, others) => self.accepts(others, value),
            (property, _) => self.accepts(property, value),
        }
    }
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => panic!("unknown type {name}"),
    };
    match types {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

fn matches_pattern(schema: &Value, value: &Value) -> bool {
    let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) else {
        return true;
    };
    Regex::new(pattern).expect("patterns here are constant").is_match(text)
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = fs::read_dir(directory).expect("the fixtures are there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml")).collect()
}

/// Parses YAML as JSON; `None` if it is not valid YAML.
fn read(path: &Path) -> Option<Value> {
    let text = fs::read(path).expect("readable");
    yaml::parse(0, std::str::from_utf8(&text).ok()?, "", &mut Sink::default())?.json()
}

#[test]
fn every_accepted_file_satisfies_the_json_schema() {
    let validator = Validator { root: json_schema() };
    for path in ["accepted/document", "accepted/static", "accepted/plain"].into_iter().flat_map(fixtures) {
        let value = read(&path).expect("accepted files are YAML");
        assert!(validator.accepts(&validator.root, &value), "{}", path.display());
    }
}

#[test]
fn the_json_schema_refuses_misspelt_keys_and_types() {
    let validator = Validator { root: json_schema() };
    for case in ["unknown-key", "unknown-type", "unknown-operation", "unknown-value", "relation-kind", "wrong-shape"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/rejected/{case}.yaml"));
        let value = read(&path).expect("these cases are YAML");
        assert!(!validator.accepts(&validator.root, &value), "{case}");
    }
}
