//! E-mail addresses that differ only in the spelling of the domain are the same address everywhere.

use serde_json::{Value, json};

use crate::harness::{Account, App, PASSWORD, app, spawn_app, unique};

/// Spellings of one domain.
const DOMAINS: [&str; 5] = [
    "b\u{fc}cher.example",
    "B\u{dc}CHER.Example",
    "bu\u{308}cher.example",
    "\u{ff42}\u{fc}cher\u{3002}example",
    "XN--bcher-kva.example",
];
const STORED: &str = "xn--bcher-kva.example";

fn spellings(name: &str) -> Vec<String> {
    DOMAINS.map(|domain| format!("{name}@{domain}")).to_vec()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn sign_up(app: &App, email: &str) -> Account {
    app.post("/api/auth/signup", json!({ "email": email, "password": PASSWORD })).succeeds(201);
    app.log_in(email, PASSWORD)
}

#[test]
fn a_mailbox_makes_one_account_however_its_domain_is_spelt() {
    let app = app();
    for first in DOMAINS {
        let name = unique("ada");
        let ada = sign_up(&app, &format!("{name}@{first}"));
        assert_eq!(ada.email, format!("{name}@{STORED}"));
        for email in spellings(&name) {
            let body = json!({ "email": email, "password": PASSWORD });
            app.post("/api/auth/signup", body.clone()).expect(409, "UserEmailUniqueConstraint");
            assert_eq!(app.post("/auth/register", body.clone()).status, 409, "{email}");
            assert_eq!(app.post("/authentication/local/new", body.clone()).status, 409, "{email}");
            app.super_user().post("/api/users", body.clone()).expect(409, "UserEmailUniqueConstraint");
            assert_eq!(app.super_user().post("/api/users/many", json!([body])).status, 409, "{email}");
        }
    }
}

#[test]
fn a_log_in_finds_an_account_by_every_spelling_of_its_domain() {
    let app = app();
    let name = unique("ada");
    sign_up(&app, &format!("{name}@{}", DOMAINS[0]));
    for email in spellings(&name) {
        app.post("/api/auth/login", json!({ "email": email, "password": PASSWORD })).succeeds(200);
        app.post("/api/auth/login", json!({ "username": email, "password": PASSWORD })).succeeds(200);
        app.post("/auth/login", json!({ "identifier": email, "password": PASSWORD })).succeeds(200);
        app.post("/authentication/local", json!({ "email": email, "password": PASSWORD })).succeeds(200);
    }
}

#[test]
fn another_spelling_of_a_domain_gives_no_further_attempts() {
    let app = app();
    let (ada, unknown) = (unique("ada"), unique("nobody"));
    sign_up(&app, &format!("{ada}@{STORED}"));
    for name in [ada, unknown] {
        for (number, email) in spellings(&name).iter().cycle().take(8).enumerate() {
            let reply = app.post("/api/auth/login", json!({ "email": email, "password": "Wrong-Horse-7" }));
            assert_eq!(reply.status, if number < 5 { 401 } else { 423 }, "{email}: {reply:?}");
        }
    }
}

#[test]
fn a_changed_address_and_a_filter_are_normalized_alike() {
    let app = app();
    let (ada, name) = (app.sign_up("ada"), unique("moved"));
    let bob = app.sign_up("bob");
    ada.patch("/api/users/me", json!({ "email": format!("{name}@{}", DOMAINS[3]) })).succeeds(200);
    let path = format!("/api/users/{}", bob.id);
    for email in spellings(&name) {
        bob.patch("/api/users/me", json!({ "email": email })).expect(409, "UserEmailUniqueConstraint");
        app.super_user().patch(&path, json!({ "email": email })).expect(409, "UserEmailUniqueConstraint");
        for filter in [format!("email={}", encoded(&email)), format!("email[in]={}", encoded(&email))] {
            let found = app.super_user().get(&format!("/api/users?{filter}")).succeeds(200);
            assert_eq!((&found["total"], &found["data"][0]["id"]), (&json!(1), &json!(ada.id)), "{filter}");
        }
    }
    assert_eq!(app.row(&path)["email"], bob.email);
}

#[test]
fn email_fields_of_every_model_are_normalized_alike() {
    let app = app();
    let editor = app.editor("grace");
    let name = unique("desk");
    let reading = |contact: &str| json!({ "title": name, "contact": contact, "seats": 10, "price": "1.00", "day": "2031-05-01", "startsAt": "20:00:00" });
    let made = editor.post("/api/readings", reading(&format!("{name}@{}", DOMAINS[1]))).succeeds(201);
    assert_eq!(made["data"]["contact"], format!("{name}@{STORED}"));
    for contact in spellings(&name) {
        let found = editor.get(&format!("/api/readings?contact={}", encoded(&contact))).succeeds(200);
        assert_eq!(found["total"], 1, "{contact}");
    }
}

#[test]
fn stored_addresses_are_normalized_at_start() {
    let app = spawn_app();
    let name = unique("ada");
    let ada = sign_up(&app, &format!("{name}@{STORED}"));
    let old = format!("{name}@{}", DOMAINS[0]);
    app.run_sql(&format!("UPDATE users SET email = '{old}' WHERE email = '{}'", ada.email));
    let app = app.restart();
    let again = app.log_in(&old, PASSWORD);
    assert_eq!((&again.email, &again.id), (&ada.email, &ada.id));
    let body = json!({ "email": old, "password": PASSWORD });
    app.post("/api/auth/signup", body).expect(409, "UserEmailUniqueConstraint");
}

#[test]
fn two_existing_accounts_of_one_mailbox_are_kept_and_the_row_is_logged() {
    let app = spawn_app();
    let (name, other) = (unique("ada"), unique("ada"));
    let first = sign_up(&app, &format!("{name}@{STORED}"));
    let second = sign_up(&app, &format!("{other}@{STORED}"));
    let old = format!("{name}@{}", DOMAINS[0]);
    app.run_sql(&format!("UPDATE users SET email = '{old}' WHERE email = '{}'", second.email));
    let app = app.restart();
    app.log_has("both are kept", &second.id);
    assert_eq!(app.log_in(&old, PASSWORD).id, first.id);
    let found: Value = app.row(&format!("/api/users/{}", second.id));
    assert_eq!(found["email"], old);
}
