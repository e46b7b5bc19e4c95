//! Random queries over random rows of the Gazette, sent over HTTP and compared with an evaluation in memory: every
//! operator, nulls, relations with rows that the caller cannot see, both spellings, JSON, orders and cursors. The unit
//! test `oracle` of the crate `gable` does the same with random schemas, without HTTP.

mod condition;
mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::Value;

use self::condition::{Condition, condition, path};
use self::world::{Field, Model, Row, Viewer, World};
use crate::filters::encoded;

/// The default of `GABLE_TEST_SEED`.
const SEED: u64 = 20_261_120;

#[derive(Clone, Debug)]
struct Query {
    model: Model,
    viewer: Viewer,
    json: Option<Condition>,
    parameters: Vec<Condition>,
    /// Whether the conditions are joined with `OR` instead of `AND`.
    mode: &'static str,
    /// Whether names are written with `[…]` instead of `__`.
    brackets: bool,
    sort: Vec<(&'static str, bool)>,
    limit: usize,
}

fn query() -> impl Strategy<Value = Query> {
    let viewers = select(vec![Viewer::Anonymous, Viewer::Author, Viewer::Editor]);
    (select(Model::ALL.to_vec()), viewers).prop_flat_map(|(model, viewer)| {
        let filters = (
            prop::option::weighted(0.8, condition(model, 3, 3)),
            prop::collection::vec(path(model, 3), 0..=2),
            select(vec!["AND", "OR"]),
            any::<bool>(),
        );
        // The order of texts depends on the database.
        let sortable = model.fields().into_iter().filter(|(_, kind)| !matches!(kind, Field::Text));
        let sortable: Vec<&'static str> = sortable.map(|(name, _)| name).chain(["createdAt"]).collect();
        let most = sortable.len().min(2);
        let sort = (subsequence(sortable, 0..=most), any::<[bool; 2]>());
        let sort = sort.prop_map(|(names, descending)| names.into_iter().zip(descending).collect());
        (filters, sort, select(vec![2, 5, 100])).prop_map(
            move |((json, mut parameters, mode, brackets), sort, limit)| {
                let mut places = BTreeSet::new();
                parameters.retain(|parameter| places.insert(place(parameter)));
                Query { model, viewer, json, parameters, mode, brackets, sort, limit }
            },
        )
    })
}

/// Parameters that a request may contain once.
fn place(parameter: &Condition) -> Vec<&'static str> {
    parameter.parameter().0.into_iter().filter(|part| *part != "some").collect()
}

impl Query {
    fn url(&self) -> String {
        let mut parameters = vec![format!("limit={}", self.limit), format!("filterMode={}", self.mode)];
        if let Some(json) = &self.json {
            parameters.push(format!("filters={}", encoded(&json.json().to_string())));
        }
        for parameter in &self.parameters {
            let (parts, value) = parameter.parameter();
            let name =
                if self.brackets { format!("{}[{}]", parts[0], parts[1..].join("][")) } else { parts.join("__") };
            parameters.push(format!("{}={}", encoded(&name), encoded(&value)));
        }
        if !self.sort.is_empty() {
            let named = |(name, descending): &(&str, bool)| format!("{}{name}", if *descending { "-" } else { "" });
            parameters.push(format!("sort={}", self.sort.iter().map(named).collect::<Vec<_>>().join(",")));
        }
        format!("/api/{}?{}", self.model.path(), parameters.join("&"))
    }

    fn keeps(&self, world: &World, row: &Row) -> bool {
        let mut all = self.json.iter().chain(&self.parameters).peekable();
        if self.mode == "OR" && all.peek().is_some() {
            return all.any(|condition| condition.holds(world, self.viewer, row));
        }
        all.all(|condition| condition.holds(world, self.viewer, row))
    }

    /// The expected ids, in their order.
    fn expected<'w>(&self, world: &'w World) -> Vec<&'w str> {
        let mut rows: Vec<&Row> = world.rows(self.viewer, self.model).filter(|row| self.keeps(world, row)).collect();
        rows.sort_by(|a, b| {
            let fields = self.sort.iter().map(|(field, descending)| {
                let order = order(&a.json[*field], &b.json[*field]);
                if *descending { order.reverse() } else { order }
            });
            fields.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then_with(|| a.id.cmp(&b.id))
        });
        rows.iter().map(|row| row.id.as_str()).collect()
    }

    /// The ids on all pages, and the total.
    fn found(&self, world: &World) -> (Vec<String>, Value) {
        let (client, url) = (world.client(self.viewer), self.url());
        let first = client.get(&url).succeeds(200);
        let total = first["total"].clone();
        let mut found = Vec::new();
        let mut page = first;
        loop {
            found.extend(page.column("id").iter().map(|id| id.as_str().unwrap_or_default().to_owned()));
            let Some(cursor) = page["nextCursor"].as_str() else { return (found, total) };
            page = client.get(&format!("{url}&cursor={cursor}")).succeeds(200);
        }
    }
}

/// Compares values as the database sorts them: nulls first, decimals, which are texts in JSON, as numbers.
fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => (!a.is_null(), a.as_bool(), a.as_str()).cmp(&(!b.is_null(), b.as_bool(), b.as_str())),
    }
}

#[test]
fn random_queries_find_the_rows_that_the_oracle_finds() {
    let seed = std::env::var("GABLE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let config = Config {
        cases: 600,
        max_shrink_iters: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let world = World::random(&mut runner);
    let telling = std::cell::Cell::new(0);
    let outcome = runner.run(&query(), |query| {
        let (found, total) = query.found(&world);
        let expected = query.expected(&world);
        if found != expected || total != expected.len() {
            let message = format!("{}\n found {found:?} of {total},\n not {expected:?}", query.url());
            return Err(TestCaseError::fail(message));
        }
        let all = world.rows(query.viewer, query.model).count();
        telling.set(telling.get() + usize::from(!expected.is_empty() && expected.len() < all));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("GABLE_TEST_SEED={seed}: {failure}");
    }
    assert!(telling.get() > 60, "most queries keep everything or nothing: {}", telling.get());
}
