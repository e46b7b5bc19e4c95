//! Invalid bodies of every auth route: each is refused with its code, and nothing changes.

use serde_json::{Map, Value, json};

use crate::harness::{Account, App, Client, PASSWORD, Reply, spawn_app};

const JSON: &str = "application/json";
/// JSON values that are not strings.
const NO_TEXTS: [&str; 6] = ["7", "-0.5", "true", "[]", "{}", r#"["x"]"#];
/// Fields of an account that its owner may not set.
const NOT_ONES_OWN: [&str; 8] =
    ["id", "isSuperUser", "createdAt", "roles", "permissions", "posts", "failedLoginAttempts", "__proto__"];

/// A separate application, whose accounts can be counted, with an account that must not change.
struct Bench {
    app: App,
    ada: Account,
    row: Value,
    accounts: u64,
    assignments: u64,
}

impl Bench {
    fn new() -> Self {
        let app = spawn_app();
        let ada = app.sign_up_with("ada", json!({ "bio": "Countess" }));
        let row = app.row(&format!("/api/users/{}", ada.id));
        let (accounts, assignments) = (app.count("/api/users"), app.count("/api/user-roles"));
        Self { app, ada, row, accounts, assignments }
    }

    #[track_caller]
    fn nothing_changed(&self, after: &str) {
        assert_eq!(self.app.row(&format!("/api/users/{}", self.ada.id)), self.row, "{after}");
        assert_eq!(self.app.count("/api/users"), self.accounts, "{after}");
        assert_eq!(self.app.count("/api/user-roles"), self.assignments, "{after}");
        self.ada.get("/api/users/me").succeeds(200);
    }

    /// The account's row, and its password, which no answer shows.
    fn password_still_holds(&self) {
        self.app.log_in(&self.ada.email, PASSWORD);
    }
}

/// One auth route, and a valid body.
struct Route<'a> {
    bench: &'a Bench,
    caller: &'a Client,
    method: &'static str,
    path: &'static str,
    good: Value,
}

/// A body and its answer.
struct Broken {
    what: String,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
}

impl Broken {
    fn json(what: &str, body: impl Into<Vec<u8>>, code: &'static str) -> Self {
        Self { what: what.to_owned(), content_type: Some(JSON), body: body.into(), status: 400, code }
    }
}

impl Route<'_> {
    fn good_with(&self, key: &str, value: Value) -> Value {
        let mut body = self.good.clone();
        body[key] = value;
        body
    }

    #[track_caller]
    fn refuses(&self, broken: Broken) -> Reply {
        let mut sending = self.caller.request(self.method, self.path);
        if let Some(content_type) = broken.content_type {
            sending = sending.header("Content-Type", content_type);
        }
        let reply = sending.body(broken.body).send();
        let seen = (reply.status, reply["code"].as_str());
        assert_eq!(seen, (broken.status, Some(broken.code)), "{}: {reply:?}", broken.what);
        self.bench.nothing_changed(&broken.what);
        reply.expect(broken.status, broken.code)
    }

    /// The valid body with another value for one key.
    #[track_caller]
    fn refuses_value(&self, key: &str, value: Value, code: &'static str) -> Reply {
        let body = self.good_with(key, value);
        self.refuses(Broken::json(&body.to_string(), body.to_string(), code))
    }

    #[track_caller]
    fn refuses_no_texts(&self, key: &str, code: &'static str) {
        for value in NO_TEXTS {
            self.refuses_value(key, serde_json::from_str(value).expect("JSON"), code);
        }
    }

    /// Checks the bodies that every route refuses.
    #[track_caller]
    fn refuses_what_every_route_does(&self) {
        self.broken_json().into_iter().for_each(|broken| drop(self.refuses(broken)));
        self.other_types().into_iter().for_each(|broken| drop(self.refuses(broken)));
        self.refuses_in_the_query();
        self.refuses_compressed();
        let unknown = self.refuses_value("shoeSize", json!(43), "InvalidRequestBody");
        assert_eq!((unknown.problem_fields(), unknown.problems()), (vec!["shoeSize"], vec!["UnknownField"]));
    }

    fn broken_json(&self) -> Vec<Broken> {
        let good = self.good.to_string();
        let malformed = |what, body: Vec<u8>| Broken::json(what, body, "MalformedJson");
        let no_object = |body: &str| Broken::json(body, body, "InvalidRequestBody");
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let deep_object = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        vec![
            malformed("no body", vec![]),
            malformed("space", b"  \n".to_vec()),
            malformed("half of it", good.as_bytes()[..good.len() / 2].to_vec()),
            malformed("more than it", format!("{good}{good}").into_bytes()),
            malformed("a comma too many", good.replace('}', ",}").into_bytes()),
            malformed("single quotes", good.replace('"', "'").into_bytes()),
            malformed("a key twice", twice(&good)),
            malformed("a tower of lists", with_raw(&good, &deep)),
            malformed("a tower of objects", with_raw(&good, &deep_object)),
            malformed("no utf-8", with_raw_bytes(&good, b"\"\xff\xfe\"")),
            malformed("half a character", with_raw(&good, r#""\ud800""#)),
            malformed("a byte that must be escaped", with_raw_bytes(&good, b"\"\x00\"")),
            malformed("utf-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            malformed("a byte order mark", format!("\u{feff}{good}").into_bytes()),
            no_object("[]"),
            no_object(&format!("[{good}]")),
            no_object("\"text\""),
            no_object("7"),
            no_object("true"),
            no_object("null"),
        ]
    }

    fn other_types(&self) -> Vec<Broken> {
        let good = self.good.to_string();
        let unsupported = |content_type: Option<&'static str>| Broken {
            what: format!("{content_type:?}"),
            content_type,
            body: good.clone().into_bytes(),
            status: 415,
            code: "UnsupportedMediaType",
        };
        let types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""];
        let mut all: Vec<Broken> = types.into_iter().map(|name| unsupported(Some(name))).collect();
        all.push(unsupported(Some("application/json; charset=latin1")));
        all.push(unsupported(None));
        all.push(Broken {
            what: "two megabytes".to_owned(),
            content_type: Some(JSON),
            body: format!("{good}{}", " ".repeat(2_097_152)).into_bytes(),
            status: 413,
            code: "PayloadTooLarge",
        });
        all
    }

    #[track_caller]
    fn refuses_in_the_query(&self) {
        for query in ["?colour=red", "?password=x", "?%00=1"] {
            let path = format!("{}{query}", self.path);
            let reply = self.caller.request(self.method, &path).json(&self.good).send();
            reply.expect(400, "InvalidRequestQuery");
            self.bench.nothing_changed(query);
        }
    }

    #[track_caller]
    fn refuses_compressed(&self) {
        for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
            let sending = self.caller.request(self.method, self.path).header("Content-Encoding", encoding);
            // The content type is none of the accepted ones, so the body must not be parsed.
            sending.json(&self.good).send().expect(415, "UnsupportedMediaType");
            self.bench.nothing_changed(encoding);
        }
    }
}

/// An object whose first key occurs twice, with the same value.
fn twice(good: &str) -> Vec<u8> {
    let object: Map<String, Value> = serde_json::from_str(good).expect("an object");
    let (key, value) = object.iter().next().expect("a key");
    format!("{{\"{key}\":{value},{}", &good[1..]).into_bytes()
}

/// The valid body with a further key.
fn with_raw(good: &str, value: &str) -> Vec<u8> {
    with_raw_bytes(good, value.as_bytes())
}

fn with_raw_bytes(good: &str, value: &[u8]) -> Vec<u8> {
    [b"{\"more\":", value, b",", &good.as_bytes()[1..]].concat()
}

#[test]
fn no_broken_body_of_a_sign_up_makes_an_account() {
    let bench = Bench::new();
    let good = json!({ "email": "grace@example.com", "password": PASSWORD });
    let route = Route { bench: &bench, caller: &bench.app, method: "POST", path: "/api/auth/signup", good };
    route.refuses_what_every_route_does();
    route.refuses(Broken::json("{}", "{}", "InvalidRequestBody"));
    let texts = ["email", "password", "username", "name", "firstName", "lastName", "fullName", "bio"];
    for key in texts {
        route.refuses_no_texts(key, "InvalidRequestBody");
        let reply = route.refuses_value(key, json!("Correct-\u{0}Horse-7@example.com"), "InvalidRequestBody");
        assert!(reply.problem_fields().iter().all(|field| *field == key), "{reply:?}");
    }
    for key in ["email", "password"] {
        route.refuses_value(key, Value::Null, "InvalidRequestBody");
        route.refuses_value(key, json!(""), "InvalidRequestBody");
    }
    for key in NOT_ONES_OWN {
        route.refuses_value(key, json!(true), "InvalidRequestBody");
    }
    // The account itself still works, so each refusal was about the body.
    bench.app.post(route.path, route.good.clone()).succeeds(201);
}

#[test]
fn no_broken_body_of_a_log_in_logs_anybody_in() {
    let bench = Bench::new();
    let good = json!({ "email": bench.ada.email, "password": PASSWORD });
    let route = Route { bench: &bench, caller: &bench.app, method: "POST", path: "/api/auth/login", good };
    route.refuses_what_every_route_does();
    route.refuses(Broken::json("{}", "{}", "MissingCredentialFields"));
    for key in ["email", "password"] {
        route.refuses_no_texts(key, "MissingCredentialFields");
        route.refuses_value(key, Value::Null, "MissingCredentialFields");
        route.refuses_value(key, json!(""), "MissingCredentialFields");
    }
    for (key, text) in [("email", format!("{}\u{0}", bench.ada.email)), ("password", format!("{PASSWORD}\u{0}"))] {
        let body = route.good_with(key, json!(text)).to_string();
        route.refuses(Broken { status: 401, ..Broken::json(key, body, "IncorrectCredentials") });
    }
    for key in NOT_ONES_OWN {
        route.refuses_value(key, json!(true), "InvalidRequestBody");
    }
    bench.password_still_holds();
}

#[test]
fn no_broken_body_changes_a_password() {
    let bench = Bench::new();
    let good = json!({ "currentPassword": PASSWORD, "newPassword": "Another-Horse-8" });
    let route = Route { bench: &bench, caller: &bench.ada, method: "POST", path: "/api/auth/update-password", good };
    route.refuses_what_every_route_does();
    route.refuses(Broken::json("{}", "{}", "SameCurrentAndNewPassword"));
    for key in ["currentPassword", "newPassword"] {
        route.refuses_no_texts(key, "SameCurrentAndNewPassword");
        route.refuses_value(key, Value::Null, "SameCurrentAndNewPassword");
        route.refuses_value(key, json!(""), "SameCurrentAndNewPassword");
    }
    route.refuses_value("newPassword", json!(PASSWORD), "SameCurrentAndNewPassword");
    route.refuses_value("newPassword", json!("short"), "PasswordDoesNotMeetRequirements");
    route.refuses_value("currentPassword", json!(format!("{PASSWORD}\u{0}")), "IncorrentCurrentPassword");
    for key in NOT_ONES_OWN {
        route.refuses_value(key, json!(true), "InvalidRequestBody");
    }
    bench.password_still_holds();
}

#[test]
fn a_new_password_with_a_nul_is_refused_like_that_of_a_new_account() {
    let bench = Bench::new();
    let good = json!({ "currentPassword": PASSWORD, "newPassword": "Another-Horse-8" });
    let route = Route { bench: &bench, caller: &bench.ada, method: "POST", path: "/api/auth/update-password", good };
    let reply = route.refuses_value("newPassword", json!("Another\u{0}Horse-8"), "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), ["newPassword"]);
    bench.password_still_holds();
}

#[test]
fn no_broken_body_changes_ones_own_account() {
    let bench = Bench::new();
    let good = json!({ "firstName": "Augusta", "bio": "Mathematician" });
    let route = Route { bench: &bench, caller: &bench.ada, method: "PATCH", path: "/api/users/me", good };
    route.refuses_what_every_route_does();
    for key in ["email", "username", "name", "firstName", "lastName", "fullName", "bio"] {
        route.refuses_no_texts(key, "InvalidRequestBody");
        let reply = route.refuses_value(key, json!("augusta\u{0}@example.com"), "InvalidRequestBody");
        assert_eq!(reply.problem_fields().first(), Some(&key), "{reply:?}");
    }
    route.refuses_value("email", Value::Null, "InvalidRequestBody");
    route.refuses_no_texts("password", "InvalidFieldPassword");
    for value in [Value::Null, json!(""), json!("Another-Horse-8")] {
        route.refuses_value("password", value, "InvalidFieldPassword");
    }
    for key in NOT_ONES_OWN {
        route.refuses_value(key, json!(true), "InvalidRequestBody");
    }
    bench.password_still_holds();
}
