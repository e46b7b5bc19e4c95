//! The session id in the cookie: altered ids are refused, and the server stores none.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD as STANDARD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use serde_json::json;

use super::{NEW, Visitor, change_password, is_logged_out, log_in, refused, register, with_sid};
use crate::harness::{Client, InProcess, PASSWORD, Reply, app, unique};

/// The digits with another last one.
fn with_another_end(sid: &str) -> String {
    let end = if sid.ends_with('0') { '1' } else { '0' };
    format!("{}{end}", &sid[..63])
}

#[test]
fn an_incomplete_or_altered_session_id_is_refused() {
    let app = app();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let sid = ada.sid.as_str();
    let forged = [
        sid[..63].to_owned(),
        sid[..32].to_owned(),
        sid[32..].to_owned(),
        format!("{sid}0"),
        sid.to_uppercase(),
        with_another_end(sid),
        format!("{}{}", &sid[..32], &bob.sid[32..]),
        format!("{}{}", &sid[..32], "0".repeat(32)),
        format!("{}{}", &sid[32..], &sid[..32]),
        ada.session(),
        "0".repeat(64),
        "é".repeat(32),
        format!("%{}", &sid[1..]),
        String::new(),
    ];
    for forged in forged.iter().filter(|forged| forged.as_str() != sid) {
        is_logged_out(&with_sid(&app, forged));
        refused(with_sid(&app, forged).request("POST", "/auth/logout").send(), 401, "UNAUTHORIZED");
        refused(with_sid(&app, forged).request("POST", "/auth/logout-all").send(), 401, "UNAUTHORIZED");
        let theft = with_sid(&app, forged).delete(&format!("/auth/sessions/{}", ada.session()));
        refused(theft, 401, "UNAUTHORIZED");
        refused(change_password(&with_sid(&app, forged), PASSWORD, NEW), 401, "UNAUTHORIZED");
    }
    let me = ada.get("/auth/me").succeeds(200);
    assert!(me["data"]["user"]["fullName"].is_null(), "{me:?}");
    log_in(&app, &ada.email);
    bob.get("/auth/me").succeeds(200);
}

#[test]
fn an_invalid_cookie_is_cleared_by_the_401_and_by_no_other_answer() {
    let app = app();
    let (ada, eve) = (register(&app, "ada"), register(&app, "eve"));
    ada.request("POST", "/auth/logout").send().succeeds(200);
    let clears = |reply: &Reply| {
        let cookie = reply.header("Set-Cookie").unwrap_or_default();
        cookie.starts_with("sid=;") && cookie.contains("Max-Age=0") && cookie.contains("Path=/")
    };
    for dead in [&ada.client, &with_sid(&app, "fakesessionid12345")] {
        for reply in [dead.get("/auth/me"), dead.get("/auth/sessions"), dead.get("/api/users/me")] {
            assert!(reply.status == 401 && clears(&reply), "{reply:?}");
        }
        let write = dead.post("/api/posts", json!({ "title": "Not any more", "content": "…" }));
        assert!(write.status == 401 && clears(&write), "{write:?}");
        let public = dead.get("/api/posts").succeeds(200);
        assert_eq!(public.header("Set-Cookie"), None, "what is public needs no session");
    }
    assert_eq!(app.get("/auth/me").header("Set-Cookie"), None, "there was no cookie");
    let wrong = refused(change_password(&eve, "Wrong-Horse-7", NEW), 401, "INVALID_CREDENTIALS");
    assert_eq!(wrong.header("Set-Cookie"), None, "the session is not over");
    eve.get("/auth/me").succeeds(200);
}

#[test]
fn the_message_of_a_refusal_mentions_sessions_and_not_tokens() {
    let app = app();
    let ada = register(&app, "ada");
    ada.request("POST", "/auth/logout").send().succeeds(200);
    for reply in [app.get("/auth/me"), ada.get("/auth/me"), app.with_token("x").get("/auth/me")] {
        assert_eq!((reply.status, &reply["error"]["message"]), (401, &json!("Authentication required")), "{reply:?}");
    }
}

#[test]
fn a_session_has_the_permissions_of_its_account_in_the_api() {
    let app = app();
    let ada = register(&app, "ada");
    let body = json!({ "title": unique("By cookie"), "content": "…" });
    let post = ada.post("/api/posts", body.clone()).succeeds(201);
    assert_eq!(post["data"]["authorId"], ada.id);
    ada.delete(&format!("/api/posts/{}", post.id())).succeeds(204);
    ada.post("/api/tags", json!({ "name": "Not hers" })).expect(403, "NotEnoughPermissions");
    let role = app.super_user().get(&format!("/api/user-roles?userId={}", ada.id)).succeeds(200);
    let role = role["data"][0]["id"].as_str().expect("the default role").to_owned();
    app.super_user().delete(&format!("/api/user-roles/{role}")).succeeds(204);
    ada.post("/api/posts", body).expect(403, "NotEnoughPermissions");
}

#[test]
fn a_token_is_refused_here() {
    let app = app();
    let ada = app.sign_up("ada");
    let token = ada.token().expect("a token").to_owned();
    let local = json!({ "email": ada.email, "password": PASSWORD });
    let pair = app.post("/authentication/local", local).succeeds(200);
    let access = pair["accessToken"].as_str().expect("an access token").to_owned();
    let cookie = |value: &str| app.with_cookie(value);
    let clients: [Client; 6] = [
        app.with_token(&token),
        app.with_token(&access),
        cookie(&format!("arkos_access_token={token}")),
        cookie(&format!("arkos_access_token={access}")),
        cookie(&format!("sid={token}")),
        cookie(&format!("sid={access}")),
    ];
    for client in clients {
        refused(client.get("/auth/me"), 401, "UNAUTHORIZED");
        refused(client.patch("/auth/me", json!({ "fullName": "By token" })), 401, "UNAUTHORIZED");
        refused(client.request("POST", "/auth/logout-all").send(), 401, "UNAUTHORIZED");
        refused(change_password(&client, PASSWORD, NEW), 401, "UNAUTHORIZED");
    }
    assert!(ada.get("/api/users/me").succeeds(200)["data"]["fullName"].is_null());
}

#[test]
fn a_session_id_is_no_bearer_token() {
    let app = app();
    let ada = register(&app, "ada");
    let bearer = app.with_token(&ada.sid);
    refused(bearer.get("/auth/me"), 401, "UNAUTHORIZED");
    bearer.post("/api/posts", json!({ "title": "By header", "content": "…" })).expect(401, "InvalidToken");
    assert_eq!(bearer.request("POST", "/authentication/renew").send().status, 400);
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn a_suspended_or_deleted_account_loses_access_at_once() {
    let app = app();
    let (ada, bob, eve) = (register(&app, "ada"), register(&app, "bob"), register(&app, "eve"));
    let path = |visitor: &Visitor| format!("/api/users/{}", visitor.id);
    app.super_user().patch(&path(&ada), json!({ "isActive": false })).succeeds(200);
    is_logged_out(&ada);
    app.super_user().delete(&path(&bob)).succeeds(204);
    is_logged_out(&bob);
    eve.delete("/api/users/me").succeeds(204);
    is_logged_out(&eve);
    for gone in [&ada, &bob, &eve] {
        refused(super::try_log_in(&app, &gone.email, PASSWORD), 401, "INVALID_CREDENTIALS");
    }
    app.super_user().patch(&path(&ada), json!({ "isActive": true })).succeeds(200);
    is_logged_out(&ada);
    log_in(&app, &ada.email);
}

/// The bytes of hexadecimal digits.
fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}

/// Encodings in which a secret could be stored.
fn encodings(sid: &str) -> Vec<Vec<u8>> {
    let whole = bytes(sid);
    let as_id = uuid::Uuid::try_parse(&sid[32..]).expect("an id").to_string();
    let base64 = |bytes: &[u8]| [STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)].map(String::into_bytes);
    let mut encodings = vec![sid.into(), sid[32..].into(), sid[32..].to_uppercase().into_bytes(), as_id.into_bytes()];
    encodings.push(whole[16..].to_vec());
    encodings.extend(base64(&whole[16..]).map(|text| text[..20].to_vec()));
    encodings.extend(base64(&whole).map(|text| text[24..40].to_vec()));
    encodings
}

fn holds(stored: &[u8], what: &[u8]) -> bool {
    stored.windows(what.len()).any(|window| window == what)
}

#[test]
fn nothing_that_is_stored_opens_a_session() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let other = log_in(&app, &ada.email);
    ada.get("/auth/me").succeeds(200);
    let stored = if app.is_sqlite() {
        app.database_files().concat()
    } else {
        let tables = ["gable_grants", "gable_events", "gable_outbox", "gable_tokens", "users"];
        let all = |table: &str| format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        tables.map(|table| app.value::<String>(&all(table))).concat().into_bytes()
    };
    assert!(holds(&stored, ada.email.as_bytes()), "what is stored was looked at");
    for visitor in [&ada, &other] {
        for encoding in encodings(&visitor.sid) {
            assert!(!holds(&stored, &encoding), "{}", String::from_utf8_lossy(&encoding));
        }
    }
}

#[test]
fn a_hash_that_was_read_from_the_database_is_no_session_id() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let hash: Vec<u8> = app.value("SELECT secret_hash FROM gable_grants");
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    for stolen in [digits.clone(), format!("{}{}", &ada.sid[..32], &digits[..32])] {
        is_logged_out(&with_sid(&app, &stolen));
    }
    ada.get("/auth/me").succeeds(200);
}
