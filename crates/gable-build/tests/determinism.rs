//! Plans the generated crate of random accepted schemas twice: each plan succeeds, and both are equal. `compiled.rs`
//! compiles a sample.

mod random_schema;

use gable_build::migrate::Tables;
use gable_build::{Templates, plan};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

#[test]
fn an_accepted_schema_always_has_the_same_plan() {
    let templates = Templates::built_in().expect("the built-in templates are valid");
    let config = Config { failure_persistence: None, ..Config::with_cases(60) };
    TestRunner::new(config)
        .run(&random_schema::sources(), |sources| {
            let Some(schema) = random_schema::accepted(&sources) else { return Ok(()) };
            let first = plan(&schema, &[], &templates).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let second = plan(&schema, &[], &templates).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(first.files, second.files);
            prop_assert_eq!(Tables::of(&schema).fingerprint(), Tables::of(&schema).fingerprint());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// If most schemas were refused, the test above and the compiled sample would cover little.
#[test]
fn most_random_schemas_are_accepted() {
    let mut runner = TestRunner::deterministic();
    let drawn =
        (0..60).map(|_| random_schema::sources().new_tree(&mut runner).expect("a strategy without filters").current());
    let accepted = drawn.filter(|sources| random_schema::accepted(sources).is_some()).count();
    assert!(accepted >= 45, "only {accepted} of 60 random schemas are accepted");
}
