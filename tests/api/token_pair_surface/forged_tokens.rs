//! Forged tokens, tokens of other surfaces, and the limits of a genuine token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, LOGOUT, ME, Pair, address, credentials, log_in, refused, renew, sign_up,
};
use crate::forged_tokens::{HS256, encoded, signed, with, without};
use crate::harness::{App, Installation, PASSWORD, app, token_in};

fn claims(pair: &Pair) -> Value {
    let payload = pair.access.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

fn with_the_secret(app: &App, claims: &Value) -> String {
    signed(app.jwt_secret().as_bytes(), Algorithm::HS256, HS256, claims.to_string())
}

/// Asserts that the token is refused by this surface and by the other routes.
#[track_caller]
fn is_refused(app: &App, token: &str, what: &str) {
    is_refused_here(app, token, what);
    let bearer = app.with_token(token);
    bearer.get(ME).expect(401, "InvalidToken");
    bearer.get("/api/posts").expect(401, "InvalidToken");
}

/// Asserts that the token is refused with the same bytes on every route of this surface that needs one.
#[track_caller]
fn is_refused_here(app: &App, token: &str, what: &str) {
    let bearer = app.with_token(token);
    let expected = json!({ "name": "UNAUTHORIZED", "status": 401, "message": "Invalid token. Please log in again!" });
    let passwords = json!({ "oldPassword": PASSWORD, "newPassword": "Another-Horse-8" });
    for reply in [
        bearer.request("POST", LOGOUT).send(),
        bearer.post(CHANGE_PASSWORD, passwords),
        bearer.post(CHANGE_EMAIL, json!({ "newEmail": address("mallory") })),
    ] {
        assert_eq!((reply.status, &reply.json), (401, &expected), "{what}: {reply:?}");
    }
    super::pair::invalid_refresh(&renew(app, token));
}

/// Asserts that the log-in, the password and the address did not change.
#[track_caller]
fn is_untouched(app: &App, pair: &Pair) {
    assert_eq!(pair.bearer().get(ME).succeeds(200)["data"]["email"], pair.email.as_str());
    log_in(app, &pair.email, PASSWORD);
    pair.renewed().access_is_accepted();
}

#[test]
fn an_access_token_lasts_an_hour_and_has_the_claims_of_any_other_token() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let claims = claims(&ada);
    let mut names: Vec<_> = claims.as_object().expect("claims").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "exp", "gen", "gid", "iat", "id", "iss", "jti", "pwd", "sub"]);
    assert_eq!((&claims["id"], &claims["sub"]), (&json!(ada.user), &json!(ada.user)));
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
    let copy = with_the_secret(&app, &with(&claims, "jti", json!("another")));
    app.with_token(&copy).get(ME).succeeds(200);
}

#[test]
fn a_token_that_nobody_signed_is_refused() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let parts: Vec<&str> = ada.access.split('.').collect();
    for algorithm in ["none", "None", "NONE", ""] {
        let header = encoded(json!({ "alg": algorithm, "typ": "JWT" }).to_string());
        is_refused(&app, &format!("{header}.{}.", parts[1]), algorithm);
        is_refused(&app, &format!("{header}.{}.{}", parts[1], parts[2]), algorithm);
    }
    is_untouched(&app, &ada);
}

#[test]
fn a_token_of_another_algorithm_or_another_secret_is_refused() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let payload = claims(&ada).to_string();
    for (algorithm, name) in [(Algorithm::HS384, "HS384"), (Algorithm::HS512, "HS512")] {
        let header = json!({ "alg": name, "typ": "JWT" }).to_string();
        is_refused(&app, &signed(app.jwt_secret().as_bytes(), algorithm, &header, &payload), name);
    }
    for secret in ["", "secret", &app.jwt_secret()[1..]] {
        is_refused(&app, &signed(secret.as_bytes(), Algorithm::HS256, HS256, &payload), "another secret");
    }
    is_untouched(&app, &ada);
}

#[test]
fn a_token_with_a_claim_of_another_kind_or_value_is_refused() {
    let app = app();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let own = claims(&ada);
    for (claim, value) in [
        ("exp", json!(own["exp"].to_string())),
        ("exp", json!(own["exp"].as_f64().expect("a number") + 0.5)),
        ("exp", json!(null)),
        ("exp", json!(true)),
        ("aud", json!("refresh")),
        ("aud", json!([])),
        ("iss", json!("Ledger")),
        ("iss", json!(null)),
        ("gen", json!(1)),
        ("gen", json!(-1)),
        ("gen", json!("0")),
        ("sub", json!(bob.user)),
        ("gid", claims(&bob)["gid"].clone()),
        ("gid", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("nbf", json!(own["exp"])),
    ] {
        is_refused(&app, &with_the_secret(&app, &with(&own, claim, value.clone())), &format!("{claim}: {value}"));
    }
    for claim in ["exp", "aud", "iss", "gen", "sub", "gid"] {
        is_refused(&app, &with_the_secret(&app, &without(&own, claim)), claim);
    }
    is_untouched(&app, &ada);
    is_untouched(&app, &bob);
}

#[test]
fn a_token_of_the_jwt_surface_is_refused_here_and_remains_valid() {
    let app = app();
    let (ada, pair) = (app.sign_up("ada"), sign_up(&app, "bob"));
    is_refused_here(&app, ada.token().expect("a token"), "a token of the jwt surface");
    assert_eq!(ada.get(ME).succeeds(200)["data"]["email"], ada.email.as_str());
    app.log_in(&ada.email, PASSWORD);
    let cookie = format!("arkos_access_token={}", ada.token().expect("a token"));
    for path in [LOGOUT, CHANGE_PASSWORD, CHANGE_EMAIL] {
        refused(&app.request("POST", path).header("Cookie", &cookie).json(&json!({})).send(), 401, "UNAUTHORIZED");
    }
    ada.get(ME).succeeds(200);
    pair.access_is_accepted();
}

#[test]
fn a_session_is_refused_here_and_remains_valid() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let session = app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let cookie =
        session.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a session").to_owned();
    for path in [LOGOUT, CHANGE_PASSWORD, CHANGE_EMAIL] {
        refused(&app.request("POST", path).header("Cookie", &cookie).json(&json!({})).send(), 401, "UNAUTHORIZED");
    }
    app.request("GET", ME).header("Cookie", &cookie).send().succeeds(200);
    let sid = cookie.trim_start_matches("sid=");
    is_refused(&app, sid, "a session id");
    app.request("GET", "/auth/me").header("Cookie", &format!("sid={}", ada.access)).send().succeeds(401);
    app.request("GET", "/auth/me").header("Authorization", &format!("Bearer {}", ada.access)).send().succeeds(401);
    is_untouched(&app, &ada);
}

#[test]
fn an_access_token_opens_the_api_as_a_token_of_the_jwt_surface_does() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let jwt = app.log_in(&ada.email, PASSWORD);
    assert_eq!(ada.bearer().get(ME).succeeds(200).json, jwt.get(ME).succeeds(200).json);
    let article = json!({ "title": "With a pair", "content": "…" });
    let post = ada.bearer().post("/api/posts", article).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    assert_eq!(app.row(&path)["authorId"], ada.user.as_str());
    jwt.patch(&path, json!({ "title": "With a token" })).succeeds(200);
    ada.bearer().patch(&path, json!({ "title": "With a pair again" })).succeeds(200);
    for caller in [&*jwt, &ada.bearer()] {
        caller.post("/api/tags", json!({ "name": "x" })).expect(403, "NotEnoughPermissions");
    }
    ada.bearer().delete(&path).succeeds(204);
}

#[test]
fn an_access_token_in_the_cookie_of_another_surface_does_not_count() {
    let app = app();
    let ada = sign_up(&app, "ada");
    for name in ["arkos_access_token", "sid", "accessToken"] {
        let cookie = format!("{name}={}", ada.access);
        app.request("GET", ME).header("Cookie", &cookie).send().succeeds(401);
        let article = json!({ "title": "With a cookie", "content": "…" });
        app.request("POST", "/api/posts").header("Cookie", &cookie).json(&article).send().succeeds(401);
        refused(&app.request("POST", LOGOUT).header("Cookie", &cookie).send(), 401, "UNAUTHORIZED");
    }
    is_untouched(&app, &ada);
}

#[test]
fn log_out_of_the_jwt_surface_ends_a_pair_as_well() {
    let app = app();
    let ada = sign_up(&app, "ada");
    ada.bearer().delete("/api/auth/logout").succeeds(204);
    ada.is_invalid();
}

/// Encodings in which a token could be stored.
fn forms(token: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![token.as_bytes().to_vec()];
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) {
        let secret = &bytes[16..32];
        forms.push(secret.to_vec());
        forms.push(secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
        forms.push(encoded(secret).into_bytes());
    }
    forms
}

#[test]
fn no_token_is_stored_in_plain() {
    let app = Installation::on_sqlite().with_stopped_clock().start::<api::Api>(|_| {});
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    app.post(super::pair::FORGOT, json!({ "email": ada.email })).succeeds(200);
    let mails = app.mails_to(&ada.email, 2);
    let tokens = mails.iter().map(token_in);
    let secrets = [&ada, &renewed].into_iter().flat_map(|pair| [pair.refresh.clone(), pair.access.clone()]);
    let forms: Vec<Vec<u8>> =
        secrets.chain(tokens).chain([PASSWORD.to_owned()]).flat_map(|secret| forms(&secret)).collect();
    let mut read = 0;
    for file in app.database_files() {
        read += usize::from(file.windows(ada.email.len()).any(|window| window == ada.email.as_bytes()));
        for form in &forms {
            let found = file.windows(form.len()).any(|window| window == form);
            assert!(!found, "{} is in a file", String::from_utf8_lossy(form));
        }
    }
    assert!(read > 0, "a file contains the account");
}

#[test]
fn no_token_is_logged() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    renewed.bearer().post(CHANGE_PASSWORD, json!({ "oldPassword": "Wrong-1234", "newPassword": "x" }));
    app.post(super::pair::LOCAL, credentials(&ada.email, "Wrong-1234")).succeeds(401);
    let log = app.output();
    for secret in [&ada.access, &ada.refresh, &renewed.access, &renewed.refresh, PASSWORD, "Wrong-1234"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
