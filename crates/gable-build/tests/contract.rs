//! Compares names that are written twice, in the schema language and in the runtime, because neither crate depends on
//! the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use heck::ToLowerCamelCase;
use syn::Item;

#[test]
fn the_schema_language_and_the_runtime_have_the_same_auth_operations() {
    let keys = gable_schema::json_schema()["$defs"]["authRoutes"]["properties"].clone();
    let known: BTreeSet<String> = keys.as_object().expect("a map of operations").keys().cloned().collect();
    let operations: BTreeSet<String> =
        variants("AuthOperation").iter().map(|name| name.to_lower_camel_case()).collect();
    assert_eq!(known, operations);
}

/// Returns the variants of an enum of the types of generated constants.
fn variants(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gable/src/meta/app.rs");
    let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = syn::parse_file(&source).expect("the runtime compiles");
    let variants = file.items.into_iter().find_map(|item| match item {
        Item::Enum(found) if found.ident == name => Some(found.variants),
        _ => None,
    });
    variants.unwrap_or_else(|| panic!("no enum {name}")).iter().map(|variant| variant.ident.to_string()).collect()
}
