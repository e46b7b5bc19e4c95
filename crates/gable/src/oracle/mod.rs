//! Random requests to random schemas. Each is answered by the runtime over a database, and by a plain implementation of
//! the API in memory: models, access rules, rows, filters, searches, orders, pages, cursors and includes. Callers are
//! anonymous, or accounts of several roles. Models and fields that a caller may not see must be refused like ones that
//! do not exist.
//!
//! One run uses one database, SQLite or PostgreSQL; `database` chooses it. The plain implementation is the same for
//! both except where the documentation describes a difference: which letters have cases, and how many digits a decimal
//! keeps.

mod caller;
mod choices;
mod condition;
mod coverage;
mod database;
mod order;
mod page;
mod record;
mod refusal;
mod request;
mod schema;
mod seen;
mod selection;
mod spelling;
mod tables;
mod value;
mod world;

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use self::caller::Caller;
use self::choices::Choices;
use self::coverage::{Case, Coverage};
use self::database::TestDatabase;
use self::page::Page;
use self::refusal::{Refusal, UNKNOWN};
use self::request::Request;
use self::seen::Seen;
use self::world::{Row, World};
use crate::access::{Principal, Scope, decide};
use crate::context::{Context, Core};
use crate::crud::find_many;
use crate::db;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::query::{Condition, ListQuery, Model, Preset, QueryParser, Test, Viewer, load_included};
use crate::rest::crud::answer;

/// Seed of the random schemas and requests, unless `GABLE_TEST_SEED` gives another.
const SEED: u64 = 20_261_122;
const SCHEMAS: u64 = 60;
const REQUESTS: u32 = 60;

#[test]
fn random_requests_to_random_schemas_find_what_a_plain_reading_finds() {
    let seed: u64 = std::env::var("GABLE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let (database, coverage) = (TestDatabase::create(), Coverage::default());
    for nth in 0..SCHEMAS {
        if let Err(failure) = try_schema(seed.wrapping_mul(1000).wrapping_add(nth), &database, &coverage) {
            panic!("GABLE_TEST_SEED={seed}, schema {nth}, {:?}: {failure}", database.dialect());
        }
    }
    // Other seeds may cover less.
    if seed == SEED {
        coverage.check();
    }
}

fn try_schema(seed: u64, database: &TestDatabase, coverage: &Coverage) -> Result<(), String> {
    let config = Config {
        cases: REQUESTS,
        max_shrink_iters: 3000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let numbers = vec(any::<u16>(), 3000).new_tree(&mut runner).expect("nothing is filtered").current();
    let world = World::random(database.dialect(), &mut Choices::new(&numbers));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let core = runtime.block_on(tables::start(database, &world));
    let outcome = runner.run(&vec(any::<u16>(), 0..250), |numbers| {
        let mut choices = Choices::new(&numbers);
        let seen = Seen { world: &world, caller: Caller::random(&world, &mut choices) };
        let server = Server { core: &core, principal: seen.caller.principal(&core), seen };
        let checked = runtime.block_on(server.try_request(&mut choices, coverage));
        checked.map_err(|error| TestCaseError::fail(format!("{:?}: {error}", server.seen.caller)))
    });
    outcome.map_err(|failure| format!("{failure}\n{world}"))
}

/// The runtime as one caller uses it.
struct Server<'w> {
    core: &'w Arc<Core>,
    principal: Principal,
    seen: Seen<'w>,
}

impl Server<'_> {
    async fn try_request(&self, choices: &mut Choices<'_>, coverage: &Coverage) -> Result<(), String> {
        let (viewable, refused) = self.seen.models();
        if viewable.is_empty() || (!refused.is_empty() && choices.percent(4)) {
            return self.check_refused(choices.among(&refused), coverage).await;
        }
        let refusal = if choices.percent(20) { Refusal::random(&self.seen, choices) } else { None };
        match refusal {
            Some(refusal) => self.check_refusal(&refusal, coverage).await,
            None => self.check(&Request::random(&self.seen, choices), coverage).await,
        }
    }

    /// Requests a model that no rule lets the caller see.
    async fn check_refused(&self, model: usize, coverage: &Coverage) -> Result<(), String> {
        let status = if self.seen.caller.account().is_some() { 403 } else { 401 };
        match self.find(model, &[]).await {
            Err(error) if error.status() == status => coverage.note(&self.seen.caller, Case::Refused),
            answer => return Err(format!("{} answers {answer:?}, not {status}", self.seen.model(model).name)),
        }
        Ok(())
    }

    /// Compares every page with the expected one; with page numbers, also the page after the last.
    async fn check(&self, request: &Request, coverage: &Coverage) -> Result<(), String> {
        let rows = request.expected(&self.seen);
        let last = 1 + rows.len().div_ceil(request.limit(self.seen.world)).max(1);
        let mut cursor = None;
        for page in 1..=last {
            let mut parameters = request.parameters(self.seen.world);
            match &cursor {
                Some(cursor) => parameters.push(("cursor".to_owned(), String::clone(cursor))),
                None if page > 1 || !request.by_cursor => parameters.push(("page".to_owned(), page.to_string())),
                None => {}
            }
            let found =
                self.find(request.model, &parameters).await.map_err(|error| format!("{error} {:?}", error.meta()));
            let expected = request.page(&self.seen, &rows, page);
            match found {
                Ok(found) if found == expected => cursor = found.cursor.filter(|_| request.by_cursor),
                found => {
                    let more = format!("page {page} is {found:#?}\nnot {expected:#?}\n{request:?}");
                    return Err(self.describe(request.model, &parameters, &more));
                }
            }
            if request.by_cursor && cursor.is_none() {
                break;
            }
        }
        let all = self.seen.visible(request.model).count();
        if !rows.is_empty() && rows.len() < all {
            coverage.note(&self.seen.caller, Case::SomeRows);
        }
        self.note_others(request, &rows, coverage);
        self.check_bulk(request, rows.len() == all)
    }

    /// Records whether another caller would have received other rows.
    fn note_others(&self, request: &Request, rows: &[&Row], coverage: &Coverage) {
        for (case, caller) in self.seen.caller.others(self.seen.world) {
            let other = Seen { caller, world: self.seen.world };
            if request.expected(&other) != rows {
                coverage.note(&self.seen.caller, case);
            }
        }
    }

    /// Checks that a filter that counts as keeping every row, and is refused in a bulk write, does keep every row.
    fn check_bulk(&self, request: &Request, keeps_all: bool) -> Result<(), String> {
        let (model, parameters) = (&self.core.models[request.model], request.parameters(self.seen.world));
        match self.read(model, &parameters) {
            Ok((_, query)) if keeps_all || !query.filter.keeps_everything(model.meta) => Ok(()),
            // An empty text counts as an input box that was left empty, even if it excludes rows without any text.
            Ok((_, query)) if asks_for_empty_text(&query.filter) => Ok(()),
            _ => Err(self.describe(request.model, &parameters, "counts as keeping every row, but does not")),
        }
    }

    /// Checks that a hidden name is refused in the same words as a name that does not exist.
    async fn check_refusal(&self, refusal: &Refusal, coverage: &Coverage) -> Result<(), String> {
        let mut answers = Vec::new();
        for name in [refusal.hidden.as_str(), UNKNOWN] {
            let parameters = refusal.parameters(name);
            let Err(error) = self.find(refusal.model, &parameters).await else {
                return Err(self.describe(refusal.model, &parameters, "is not refused"));
            };
            answers.push(format!("{error} {:?}", error.meta()).replace(name, UNKNOWN));
        }
        coverage.note(&self.seen.caller, if refusal.withheld { Case::Withheld } else { Case::Hidden });
        if answers[0] == answers[1] {
            return Ok(());
        }
        let more = format!("is refused otherwise than {UNKNOWN}: {answers:#?}");
        Err(self.describe(refusal.model, &refusal.parameters(&refusal.hidden), &more))
    }

    async fn find(&self, model: usize, parameters: &[(String, String)]) -> Result<Page, ApiError> {
        let model = &self.core.models[model];
        let mut ctx = Context::new(self.core, self.principal.clone(), None);
        let (scope, query) = self.read(model, parameters)?;
        let mut page = find_many(&mut ctx, model, &scope, query).await?;
        let included = load_included(
            &self.core.models,
            (ctx.source(), &ctx.answer),
            model.meta,
            &page.query.selection,
            &page.rows,
        )
        .await?;
        let body = answer::page(model.resource.as_ref(), &page, &included, &ctx.answer)?;
        page.records = Some(model.resource.decode_many(&mut page.rows.iter().map(db::Row::new))?);
        let decoded = answer::page(model.resource.as_ref(), &page, &included, &ctx.answer)?;
        assert_eq!(str::from_utf8(&body), str::from_utf8(&decoded), "rows are written as decoded ones");
        Ok(Page::read(std::str::from_utf8(&body).expect("UTF-8")))
    }

    fn read(&self, model: &Model, parameters: &[(String, String)]) -> Result<(Scope, ListQuery), ApiError> {
        let scope = decide(model.meta, &model.masks, model.meta.action_of(Operation::FindMany), &self.principal)?;
        let viewer = Viewer::new(&self.core.models, &self.principal);
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let limits = self.core.app.query;
        let query = QueryParser {
            viewer,
            secrets: &self.core.secrets,
            meta: model.meta,
            scope: &scope,
            limits,
            preset: Preset::default(),
        }
        .list(&text)?;
        Ok((scope, query))
    }

    /// Describes a request and its SQL, for the message of a failure.
    fn describe(&self, model: usize, parameters: &[(String, String)], more: &str) -> String {
        let model = &self.core.models[model];
        let sql = match self.read(model, parameters) {
            Ok((scope, query)) => {
                let statement = model.sql.page(&scope, &query);
                format!("{} with {:?}", statement.sql, statement.values)
            }
            Err(error) => error.to_string(),
        };
        format!("{} {parameters:?}\n{sql}\n{more}", model.meta.name)
    }
}

fn asks_for_empty_text(condition: &Condition) -> bool {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().any(asks_for_empty_text),
        Condition::Not(inner) => asks_for_empty_text(inner),
        Condition::Field { test, .. } => matches!(test, Test::Text(wanted) if wanted.text.is_empty()),
        Condition::Related(related) => asks_for_empty_text(&related.condition),
    }
}
