//! The log contains no password, token, hash or key at any log level.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{App, PASSWORD, Setup, app};

const OLD: &str = "Unlogged-Horse-7";
const NEW: &str = "Unlogged-Zebra-8";
const WRONG: &str = "Unlogged-Mule-9";
const WEAK: &str = "unlogged-weak-mule";

/// Sends valid and invalid requests with passwords, and returns the tokens in the answers.
fn live(app: &App) -> Vec<String> {
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    let credentials = |password: &str| json!({ "email": email, "password": password });
    app.post("/api/auth/signup", credentials(WEAK)).expect(400, "InvalidRequestBody");
    app.post("/api/auth/signup", credentials(OLD)).succeeds(201);
    app.post("/api/auth/signup", credentials(OLD)).expect(409, "UserEmailUniqueConstraint");
    app.post("/api/auth/login", credentials(WRONG)).expect(401, "IncorrectCredentials");
    app.post("/api/auth/login", json!({ "email": "nobody@example.com", "password": WRONG })).succeeds(401);
    let first = app.post("/api/auth/login", credentials(OLD)).succeeds(200)["token"].clone();
    let first = first.as_str().expect("a token").to_owned();
    let client = app.with_token(&first);
    client.get("/api/users/me").succeeds(200);
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    client.post("/api/auth/update-password", change(WRONG, NEW)).expect(400, "IncorrentCurrentPassword");
    client.post("/api/auth/update-password", change(OLD, WEAK)).expect(400, "PasswordDoesNotMeetRequirements");
    client.patch("/api/users/me", json!({ "password": NEW })).expect(400, "InvalidFieldPassword");
    let changed = client.post("/api/auth/update-password", change(OLD, NEW)).succeeds(200)["token"].clone();
    let second = changed.as_str().expect("a token").to_owned();
    client.get("/api/users/me").expect(401, "PasswordChanged");
    let client = app.with_token(&second);
    client.post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201);
    client.delete("/api/auth/logout").succeeds(204);
    client.get("/api/users/me").expect(401, "InvalidToken");
    let administered = json!({ "email": format!("x-{email}"), "password": OLD, "isStaff": true });
    app.super_user().post("/api/users", administered).succeeds(201);
    vec![first, second]
}

/// Malformed bodies that contain a password.
fn stumble(app: &App) {
    for path in ["/api/auth/signup", "/api/auth/login", "/api/auth/update-password"] {
        for body in [
            format!("{{\"email\":\"a@example.com\",\"password\":\"{OLD}\""),
            format!("{{\"email\":\"a@example.com\",\"password\":\"{OLD}\",}}"),
            format!("{{\"password\":\"{OLD}\",\"password\":\"{NEW}\"}}"),
            format!("[\"{OLD}\"]"),
            format!("\"{OLD}\""),
            format!("{{\"{OLD}\":\"{NEW}\"}}"),
            format!("{{\"email\":\"{OLD}\",\"password\":[\"{NEW}\"]}}"),
            format!("{{\"email\":{{\"password\":\"{OLD}\"}},\"password\":\"{NEW}\"}}"),
            format!("email=a@example.com&password={OLD}"),
            format!("{OLD}{{"),
        ] {
            let sent = app.request("POST", path).header("Content-Type", "application/json").body(body.clone()).send();
            assert!((400..500).contains(&sent.status), "{sent:?}");
            let form = app.request("POST", path).header("Content-Type", "application/x-www-form-urlencoded").body(body);
            assert!((400..500).contains(&form.send().status));
        }
    }
    app.get(&format!("/api/users/me?password={OLD}")).succeeds(401);
    app.get(&format!("/api/posts?password={OLD}")).expect(400, "InvalidRequestQuery");
    let basic = app.request("GET", "/api/users/me").header("Authorization", &format!("Basic {OLD}"));
    basic.send().expect(401, "InvalidToken");
}

fn hash_in(line: &str) -> bool {
    line.contains("$2b$") || line.contains("$2a$") || line.contains("$2y$")
}

/// The lines of the log that contain a secret, printed without it.
fn telling(output: &str, secrets: &[String]) -> Vec<String> {
    let tells = |line: &&str| hash_in(line) || secrets.iter().any(|secret| line.contains(secret.as_str()));
    output.lines().filter(tells).map(str::to_owned).collect()
}

#[track_caller]
fn keeps_its_secrets(level: &str, format: &str, loudest: &str) {
    let app = Setup::new().with("RUST_LOG", level).with("GABLE_LOG", format).spawn();
    let mut secrets = live(&app);
    stumble(&app);
    // The signature of a token alone, and encoded passwords, must not be logged either.
    let signatures: Vec<String> =
        secrets.iter().filter_map(|token| token.rsplit('.').next()).map(str::to_owned).collect();
    secrets.extend(signatures);
    secrets.extend(app.super_user().token().map(str::to_owned));
    secrets.push(app.jwt_secret());
    for password in [OLD, NEW, WRONG, WEAK, PASSWORD] {
        secrets.push(password.to_owned());
        secrets.push(URL_SAFE_NO_PAD.encode(password));
    }
    app.get("/api/the-end").expect(404, "RouteNotFound");
    app.log_has("/api/the-end", "404");
    let output = app.output();
    assert!(output.contains("/api/auth/update-password") && output.contains("/api/auth/signup"), "it logs at all");
    assert!(output.contains(loudest), "the log has the requested level");
    let lines = telling(&output, &secrets);
    assert!(lines.is_empty(), "{} lines:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_usual_log_keeps_secrets() {
    keeps_its_secrets("info", "compact", " INFO ");
}

#[test]
fn a_log_of_everything_keeps_secrets() {
    keeps_its_secrets("trace", "json", "\"level\":\"TRACE\"");
}

#[test]
fn a_log_of_everything_for_people_keeps_secrets() {
    keeps_its_secrets("trace", "pretty", "TRACE");
}

#[test]
fn a_line_of_json_is_one_document() {
    let app = Setup::new().with("RUST_LOG", "info").with("GABLE_LOG", "json").spawn();
    app.get("/api/the-end%0a%22").expect(404, "RouteNotFound");
    app.log_has("/api/the-end", "404");
    let output = app.output();
    let requests = output.lines().filter(|line| line.contains("gable::request"));
    let parsed: Vec<Value> = requests.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!parsed.is_empty(), "{output}");
}

#[test]
fn a_damaged_link_of_a_mail_leaves_no_token_in_the_log() {
    let app = app();
    let token = "s3cret".repeat(9);
    for (number, path) in [
        format!("/hook/authentication/verify-email/{token}/"),
        format!("/hook/authentication/verify-email/{token}/x"),
        format!("/hook/authentication//verify-email/{token}"),
        format!("/%68ook/authentication/verify-email/{token}/"),
        format!("/hook/authentication/verify-emai%6C/{token}"),
        format!("/app/hook/authentication/verify-email/{token}"),
        format!("/auth/verify-email%3Ftoken={token}"),
        format!("/reset-password/{token}"),
    ]
    .iter()
    .enumerate()
    {
        let id = format!("bent-{number}");
        let reply = app.request("GET", path).header("X-Request-Id", &id).send();
        assert_eq!(reply.status, 404, "{reply:?}");
        app.log_has(&id, "gable::request");
    }
    assert!(!app.output().contains(&token));
}
