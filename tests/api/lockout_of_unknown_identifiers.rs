//! Known and unknown identifiers are counted and locked by the same rule, under every key and on every surface. The keys
//! and surfaces are read from the schemas.

use std::path::Path;
use std::time::Duration;

use gable::generated::Api;
use gable_schema::schema::{Auth, Surface};
use serde_json::{Value, json};

use crate::harness::{Client, InProcess, PASSWORD, Reply, unique};

const WRONG: &str = "Wrong-Horse-7";
const LOCK: Duration = Duration::from_secs(15 * 60 + 1);

/// A route and a key by which an identifier can be sent.
#[derive(Clone, Debug)]
struct LoginRoute {
    path: String,
    key: String,
}

impl LoginRoute {
    fn attempt(&self, client: &Client, text: &str, password: &str) -> Reply {
        client.post(&self.path, json!({ &self.key: text, "password": password }))
    }
}

struct Application {
    app: InProcess,
    auth: Auth,
    routes: Vec<LoginRoute>,
    api: String,
}

impl Application {
    fn start<A: Api>(schema: &str) -> Self {
        let schema = gable_schema::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(schema));
        let app = schema.unwrap_or_else(|problems| panic!("{problems}")).schema.app;
        let auth = app.auth.expect("accounts");
        let routes = routes(&app.api, &auth);
        Self { app: InProcess::of::<A>(), auth, routes, api: app.api }
    }

    /// For each kind of identifier, one of a new account, and an unknown one of the same form. Each kind has an account
    /// of its own, because a lock applies to all identifiers of an account.
    fn names(&self) -> Vec<(String, String)> {
        let pair = |kind: usize| {
            let known = self.texts();
            self.sign_up(&known);
            (known[kind].1.clone(), self.texts()[kind].1.clone())
        };
        (0..self.auth.login.identifiers.len()).map(pair).collect()
    }

    /// New identifiers by their keys.
    fn texts(&self) -> Vec<(String, String)> {
        let name = unique("n");
        let number: u32 = name[2..].parse().expect("a number");
        let text = |key: &str| match key {
            "email" => format!("{name}@example.com"),
            "number" => format!("+1{number:08}"),
            key => format!("{}-{number}", &key[..1]),
        };
        let identifiers = self.auth.login.identifiers.iter();
        identifiers.map(|identifier| (identifier.body_key.clone(), text(&identifier.body_key))).collect()
    }

    fn sign_up(&self, texts: &[(String, String)]) {
        let own = |key: &str| !["nickname", "number"].contains(&key);
        let mut body = json!({ self.password_field(): PASSWORD });
        texts.iter().filter(|(key, _)| own(key)).for_each(|(key, text)| body[key] = json!(text));
        self.app.post(&format!("{}/auth/signup", self.api), body).succeeds(201);
        if texts.iter().all(|(key, _)| own(key)) {
            return;
        }
        let (key, text) = &texts[0];
        let reply = self.routes[0].attempt(&self.app, text, PASSWORD).succeeds(200);
        let client = self.app.with_token(reply["token"].as_str().unwrap_or_else(|| panic!("{key}: {reply:?}")));
        let of = |key: &str| texts.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone());
        client.post("/api/user-profiles", json!({ "nickname": of("nickname") })).succeeds(201);
        client.post("/api/phones", json!({ "number": of("number") })).succeeds(201);
    }

    fn password_field(&self) -> &'static str {
        if self.api == "/api" { "password" } else { "secret" }
    }

    /// Compares the answers for a known and an unknown identifier.
    fn assert_same(&self, route: &LoginRoute, (known, unknown): &(String, String), closed: bool, what: &str) {
        let (one, other) = (route.attempt(&self.app, known, WRONG), route.attempt(&self.app, unknown, WRONG));
        assert_eq!((one.status, &one.bytes), (other.status, &other.bytes), "{what} at {route:?}: {known}");
        let wanted = match (closed, route.path.contains("authentication")) {
            (true, false) => 423,
            (true, true) => 403,
            (false, _) => 401,
        };
        assert_eq!(one.status, wanted, "{what} at {route:?}: {one:?}");
    }
}

fn routes(api: &str, auth: &Auth) -> Vec<LoginRoute> {
    let mut routes = Vec::new();
    let route = |path: String, key: &str| LoginRoute { path, key: key.to_owned() };
    for identifier in &auth.login.identifiers {
        routes.push(route(format!("{api}/auth/login"), &identifier.body_key));
    }
    let last = auth.login.identifiers.last().expect("an identifier");
    routes.push(route(format!("{api}/auth/login?usernameField={}", last.path), &last.body_key));
    if auth.surfaces.contains(&Surface::Session) {
        routes.push(route("/auth/login".to_owned(), "identifier"));
    }
    if auth.surfaces.contains(&Surface::TokenPair) {
        routes.push(route("/authentication/local".to_owned(), "email"));
    }
    routes
}

fn both() -> [Application; 2] {
    [Application::start::<api::Api>("schema"), Application::start::<ledger::Api>("tests/apps/ledger/schema")]
}

/// Tests each ordered pair of routes with each kind of identifier.
fn for_each_pair(app: &Application, mut try_one: impl FnMut(&LoginRoute, &LoginRoute, &(String, String))) {
    for first in &app.routes {
        for second in &app.routes {
            for names in app.names() {
                try_one(first, second, &names);
            }
        }
    }
}

#[test]
fn wrong_passwords_for_an_identifier_are_counted_and_lock_it_under_every_key_and_on_every_surface() {
    for app in both() {
        for_each_pair(&app, |first, second, names| {
            (0..3).for_each(|_| app.assert_same(first, names, false, "the first three"));
            (0..2).for_each(|_| app.assert_same(second, names, false, "the next two"));
            app.assert_same(first, names, true, "the sixth");
            app.assert_same(second, names, true, "the seventh");
        });
    }
}

#[test]
fn five_wrong_passwords_for_one_identifier_lock_the_others_of_the_account() {
    for app in both() {
        for first in &app.routes {
            for names in app.names() {
                (0..5).for_each(|_| app.assert_same(first, &names, false, "the first five"));
                for second in &app.routes {
                    app.assert_same(second, &names, true, "the next");
                }
            }
        }
    }
}

#[test]
fn known_and_unknown_identifiers_both_start_a_new_count_after_a_lock() {
    for app in both() {
        let last = app.routes.last().expect("a route").clone();
        for names in app.names() {
            for route in &app.routes {
                (0..3).for_each(|_| app.assert_same(&last, &names, false, "the first three"));
                (0..2).for_each(|_| app.assert_same(route, &names, false, "the next two"));
                app.assert_same(route, &names, true, "locked");
                app.app.clock.advance(LOCK);
                (0..5).for_each(|_| app.assert_same(route, &names, false, "after the lock"));
                app.assert_same(route, &names, true, "locked again");
                app.app.clock.advance(LOCK);
                (0..5).for_each(|_| app.assert_same(&last, &names, false, "after the second lock"));
                app.assert_same(&last, &names, true, "locked for the third time");
                app.app.clock.advance(LOCK);
            }
        }
    }
}

#[test]
fn a_right_password_resets_the_count_for_every_identifier() {
    for app in both() {
        let texts = app.texts();
        app.sign_up(&texts);
        let right = |text: &str, key: &str| {
            let route = LoginRoute { path: format!("{}/auth/login", app.api), key: key.to_owned() };
            route.attempt(&app.app, text, PASSWORD)
        };
        for (_, guessed) in &texts {
            for (key, used) in &texts {
                let session = &app.routes[0];
                for _ in 0..4 {
                    assert_eq!(session.attempt(&app.app, guessed, WRONG).status, 401, "{guessed}");
                }
                right(used, key).succeeds(200);
            }
        }
    }
}

#[test]
fn guesses_at_a_name_under_the_wrong_key_lock_its_account_against_the_right_password() {
    for app in both() {
        let texts = app.texts();
        app.sign_up(&texts);
        let (own, other) = (&app.routes[0], &app.routes[1]);
        for _ in 0..5 {
            assert_eq!(other.attempt(&app.app, &texts[0].1, WRONG).status, 401);
        }
        let locked = own.attempt(&app.app, &texts[0].1, PASSWORD);
        assert_eq!((locked.status, &locked["data"]), (423, &Value::Null), "{locked:?}");
    }
}

#[test]
fn log_ins_by_a_name_that_is_also_another_accounts_nickname_do_not_lock_that_account() {
    let app = Application::start::<api::Api>("schema");
    let key = |wanted: &str| LoginRoute { path: format!("{}/auth/login", app.api), key: wanted.to_owned() };
    let (own, mut other) = (app.texts(), app.texts());
    let of = |texts: &[(String, String)], key: &str| {
        texts.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone()).expect("such a key")
    };
    other.iter_mut().filter(|(key, _)| key == "nickname").for_each(|(_, text)| *text = of(&own, "username"));
    app.sign_up(&own);
    app.sign_up(&other);
    // Two wrong passwords count for both accounts, and four correct ones of one account do not count for the other.
    for _ in 0..2 {
        assert_eq!(key("username").attempt(&app.app, &of(&own, "username"), WRONG).status, 401);
    }
    for _ in 0..4 {
        key("username").attempt(&app.app, &of(&own, "username"), PASSWORD).succeeds(200);
    }
    for _ in 0..2 {
        assert_eq!(key("email").attempt(&app.app, &of(&other, "email"), WRONG).status, 401);
    }
    key("email").attempt(&app.app, &of(&other, "email"), PASSWORD).succeeds(200);
}
