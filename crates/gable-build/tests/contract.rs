//! Compares names that are written twice, in the schema language and in the runtime, because neither crate depends on
//! the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use heck::ToLowerCamelCase;
use syn::Item;

#[test]
fn every_operation_of_the_runtime_has_a_key_and_the_other_way_round() {
    let keys = gable_schema::json_schema()["$defs"]["authRoutes"]["properties"].clone();
    let known: BTreeSet<String> = keys.as_object().expect("a map of operations").keys().cloned().collect();
    let taken: BTreeSet<String> = variants("AuthOperation").iter().map(|name| name.to_lower_camel_case()).collect();
    assert_eq!(known, taken);
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
