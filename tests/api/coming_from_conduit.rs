//! The examples in `docs/coming-from-conduit.md`, in their order.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Reply, Setup, app, blocks, shows};
use crate::token_pair_surface::Page;

const PAGE: &str = include_str!("../../docs/coming-from-conduit.md");

/// A request and its answer, as printed.
struct Example {
    method: &'static str,
    path: String,
    bearer: Option<String>,
    body: Option<Value>,
    status: u16,
    answer: String,
}

/// The placeholders of the page for values that differ from run to run, and these values.
#[derive(Default)]
struct Known(Vec<(&'static str, String)>);

impl Known {
    const NAMES: [(&'static str, &'static str); 3] =
        [("USER_ID", "userId"), ("ACCESS_TOKEN", "accessToken"), ("REFRESH_TOKEN", "refreshToken")];

    fn set(&mut self, name: &'static str, value: String) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    fn filled_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Remembers the values of an answer that later examples use.
    fn learn(&mut self, reply: &Reply) {
        for (name, key) in Self::NAMES {
            if let Some(value) = reply[key].as_str() {
                self.set(name, value.to_owned());
            }
        }
    }
}

fn parse(block: &'static str, known: &Known) -> Example {
    let (request, answer) = block.trim().split_once("\n\n").expect("a request, an empty line and an answer");
    let mut lines = request.lines();
    let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a method and a path");
    let mut example =
        Example { method, path: known.filled_in(path), bearer: None, body: None, status: 0, answer: String::new() };
    for line in lines {
        match line.strip_prefix("Authorization: Bearer ") {
            Some(token) => example.bearer = Some(known.filled_in(token)),
            None => example.body = Some(serde_json::from_str(&known.filled_in(line)).expect("a body")),
        }
    }
    let (status, answer) = answer.split_once(' ').expect("a status and an answer");
    (example.status, example.answer) = (status.parse().expect("a status"), answer.to_owned());
    example
}

#[test]
fn every_example_is_answered_as_printed() {
    let stage = Page::start();
    let mut known = Known::default();
    for block in blocks(PAGE, "http") {
        if block.contains("VERIFICATION_TOKEN") {
            known.set("VERIFICATION_TOKEN", stage.token_of("ada@example.com", "verify-email/"));
        }
        if block.contains("RESET_TOKEN") {
            known.set("RESET_TOKEN", stage.token_of("ada@example.com", "https://app.example.com/reset?reset_token="));
        }
        let example = parse(block, &known);
        let reply = stage.send(example.method, &example.path, example.bearer.as_deref(), example.body.as_ref());
        assert_eq!(reply.status, example.status, "{block}{reply:?}");
        known.learn(&reply);
        if reply.status == 302 {
            assert_eq!(reply.header("Location"), Some(&*example.answer), "{block}");
        } else {
            let printed: Value = serde_json::from_str(&known.filled_in(&example.answer)).expect("an answer");
            assert!(shows(&reply.json, &printed), "{block}{reply:?}");
        }
    }
    assert!(blocks(PAGE, "http").len() >= 15, "the page has examples");
}

#[test]
fn the_accounts_of_the_page_are_imported_and_log_in() {
    let lines = blocks(PAGE, "json").join("");
    let setup = Setup::new();
    std::fs::write(setup.directory().join("accounts.jsonl"), lines).expect("a file");
    let done = setup.run(&["accounts", "import", "accounts.jsonl"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "imported 1 accounts\n"), "{done:?}");
    let app = setup.spawn();
    let body = json!({ "email": "grace@example.com", "password": PASSWORD });
    let user = app.post("/authentication/local", body).succeeds(200);
    let user = app.with_token(user["accessToken"].as_str().expect("a token")).get("/authentication/user").succeeds(200);
    assert_eq!((&user["isVerified"], &user["active"]), (&json!(true), &json!(true)));
}

#[test]
fn features_that_are_missing_here_are_refused_if_a_client_uses_them() {
    let app = app();
    for key in ["invitationToken", "captchaToken"] {
        let email = format!("{}@example.com", crate::harness::unique("ada"));
        let reply = app.post("/authentication/local/new", json!({ "email": email, "password": PASSWORD, key: "x" }));
        assert_eq!((reply.status, &reply["errors"][0]["field"]), (400, &json!(key)), "{reply:?}");
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
    }
    let anonymous = app.post("/authentication/local/new/anonymous", json!({}));
    assert_eq!((anonymous.status, &anonymous["name"]), (404, &json!("NOT_FOUND")), "{anonymous:?}");
}
