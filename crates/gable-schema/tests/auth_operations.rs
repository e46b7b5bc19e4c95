//! Compares the keys of `auth.routes` in the JSON Schema with the operations that the runtime knows.

use std::collections::BTreeSet;

use gable_meta::AuthOperation;
use heck::ToLowerCamelCase;

#[test]
fn the_schema_language_names_each_auth_operation() {
    let keys = gable_schema::json_schema()["$defs"]["authRoutes"]["properties"].clone();
    let known: BTreeSet<String> = keys.as_object().expect("a map of operations").keys().cloned().collect();
    let operations = AuthOperation::ALL.map(|operation| format!("{operation:?}").to_lower_camel_case());
    assert_eq!(known, BTreeSet::from(operations));
}
