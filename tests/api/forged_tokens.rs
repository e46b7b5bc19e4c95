//! Tokens that the server did not issue: all are refused with the same answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};

use crate::harness::{Account, App, PASSWORD, app};

pub(crate) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs a token with any header and payload.
pub(crate) fn signed(secret: &[u8], algorithm: Algorithm, header: &str, payload: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).expect("a signature");
    format!("{message}.{signature}")
}

/// Signs claims with the server's own secret, as an attacker could who knows it.
fn with_the_secret(app: &App, claims: &Value) -> String {
    signed(app.jwt_secret().as_bytes(), Algorithm::HS256, HS256, claims.to_string())
}

fn token(account: &Account) -> &str {
    account.token().expect("a token")
}

/// The claims in the token of an account.
fn claims(account: &Account) -> Value {
    let payload = token(account).split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

/// The claims with another value for one of them.
pub(crate) fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.as_object().cloned().unwrap_or_default();
    changed.insert(name.to_owned(), value);
    Value::Object(changed)
}

pub(crate) fn without(claims: &Value, name: &str) -> Value {
    let left: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
    left.into_iter().filter(|(claim, _)| claim != name).collect::<Map<_, _>>().into()
}

/// Asserts that the token is refused with the same bytes on every route, and that nothing is stored.
#[track_caller]
fn refused_as(app: &App, token: &str, code: &str, message: &str, what: &str) {
    let expected = json!({ "status": "error", "code": code, "message": message, "meta": {} });
    let bearer = app.with_token(token);
    let title = uuid::Uuid::now_v7().to_string();
    let article = json!({ "title": title, "content": "…" });
    let cookie =
        |method: &str, path: &str| app.request(method, path).header("Cookie", &format!("arkos_access_token={token}"));
    for reply in [
        bearer.get("/api/users/me"),
        bearer.get("/api/posts"),
        bearer.post("/api/posts", article.clone()),
        bearer.patch("/api/users/me", json!({ "bio": title })),
        bearer.delete("/api/auth/logout"),
        cookie("GET", "/api/users/me").send(),
        cookie("POST", "/api/posts").json(&article).send(),
    ] {
        assert_eq!((reply.status, &reply.json), (401, &expected), "{what}: {reply:?}");
        assert_eq!(reply.header("Set-Cookie"), None, "{what}: {reply:?}");
    }
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0, "{what}");
    assert_eq!(app.count(&format!("/api/users?bio={title}")), 0, "{what}");
}

#[track_caller]
fn refused(app: &App, token: &str, what: &str) {
    refused_as(app, token, "InvalidToken", "Invalid token. Please log in again!", what);
}

#[test]
fn a_token_with_the_servers_secret_and_valid_claims_is_accepted() {
    let app = app();
    let ada = app.sign_up("ada");
    let copy = with_the_secret(&app, &with(&claims(&ada), "jti", json!("another")));
    assert_eq!(app.with_token(&copy).get("/api/users/me").succeeds(200)["data"]["id"], ada.id);
}

#[test]
fn a_token_names_its_account_its_log_in_and_its_purpose() {
    let app = app();
    let ada = app.sign_up("ada");
    let claims = claims(&ada);
    let mut names: Vec<_> = claims.as_object().expect("claims").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "exp", "gen", "gid", "iat", "id", "iss", "jti", "pwd", "sub"]);
    assert_eq!((&claims["sub"], &claims["id"], &claims["aud"]), (&json!(ada.id), &json!(ada.id), &json!("access")));
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    assert_eq!(lifetime, Some(30 * 24 * 60 * 60));
    let again = app.log_in(&ada.email, PASSWORD);
    for unique in ["gid", "jti"] {
        assert_ne!(claims[unique], self::claims(&again)[unique], "{unique}");
    }
}

#[test]
fn a_token_that_nobody_signed_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let (payload, signature) = token(&ada).split_once('.').and_then(|(_, rest)| rest.split_once('.')).expect("3 parts");
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = encoded(json!({ "alg": algorithm, "typ": "JWT" }).to_string());
        refused(&app, &format!("{header}.{payload}."), algorithm);
        refused(&app, &format!("{header}.{payload}.{signature}"), algorithm);
    }
}

#[test]
fn a_token_of_another_algorithm_is_refused_even_with_the_right_secret() {
    let app = app();
    let ada = app.sign_up("ada");
    let (secret, claims) = (app.jwt_secret(), claims(&ada).to_string());
    for (algorithm, name) in [(Algorithm::HS384, "HS384"), (Algorithm::HS512, "HS512")] {
        let header = json!({ "alg": name, "typ": "JWT" }).to_string();
        refused(&app, &signed(secret.as_bytes(), algorithm, &header, &claims), name);
    }
    for name in ["RS256", "RS512", "PS256", "ES256", "EdDSA", "HS1", "hs256", "HS256 "] {
        let header = json!({ "alg": name, "typ": "JWT" }).to_string();
        refused(&app, &signed(secret.as_bytes(), Algorithm::HS256, &header, &claims), name);
    }
}

#[test]
fn a_malformed_token_header_is_refused_even_with_the_right_secret() {
    let app = app();
    let ada = app.sign_up("ada");
    let (secret, claims) = (app.jwt_secret(), claims(&ada).to_string());
    for header in ["", "{}", "null", "[]", "nonsense", r#"{"typ":"JWT"}"#, r#"{"alg":7}"#, r#"{"alg":["HS256"]}"#] {
        refused(&app, &signed(secret.as_bytes(), Algorithm::HS256, header, &claims), header);
    }
}

#[test]
fn a_header_cannot_bring_its_own_key() {
    let app = app();
    let ada = app.sign_up("ada");
    let key = encoded("a key of the forger's own choice");
    let jwk = json!({ "alg": "HS256", "typ": "JWT", "jwk": { "kty": "oct", "k": key } }).to_string();
    refused(
        &app,
        &signed(b"a key of the forger's own choice", Algorithm::HS256, &jwk, claims(&ada).to_string()),
        "jwk",
    );
    for kid in ["/dev/null", "../../../dev/null", "' UNION SELECT '", "0"] {
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": kid }).to_string();
        refused(&app, &signed(b"", Algorithm::HS256, &header, claims(&ada).to_string()), kid);
    }
}

#[test]
fn a_token_signed_with_another_secret_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let secret = app.jwt_secret();
    for guess in ["", "secret", "jwt_secret", &secret[1..], &secret.to_uppercase(), &format!("{secret}\n")] {
        refused(&app, &signed(guess.as_bytes(), Algorithm::HS256, HS256, claims(&ada).to_string()), guess);
    }
}

#[test]
fn every_claim_is_required() {
    let app = app();
    let ada = app.sign_up("ada");
    for name in ["sub", "gid", "gen", "iss", "aud", "iat", "exp", "jti", "pwd"] {
        refused(&app, &with_the_secret(&app, &without(&claims(&ada), name)), name);
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), name, Value::Null)), name);
    }
}

#[test]
fn every_claim_has_its_type() {
    let app = app();
    let ada = app.sign_up("ada");
    let claims = claims(&ada);
    for name in ["gen", "iat", "exp", "pwd"] {
        for value in [json!(claims[name].to_string()), json!([claims[name]]), json!(true), json!({})] {
            refused(&app, &with_the_secret(&app, &with(&claims, name, value.clone())), &format!("{name}: {value}"));
        }
    }
    for name in ["sub", "gid", "jti"] {
        for value in [json!(7), json!([claims[name]]), json!(true), json!({})] {
            refused(&app, &with_the_secret(&app, &with(&claims, name, value.clone())), &format!("{name}: {value}"));
        }
    }
}

#[test]
fn an_expiry_that_is_not_a_time_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for expiry in ["1e400", "99999999999999999999999", "\"9999999999\"", "-1.5", "9999999999.5", "null", "\"\""] {
        let payload = without(&claims(&ada), "exp").to_string().replacen('{', &format!("{{\"exp\":{expiry},"), 1);
        refused(&app, &signed(app.jwt_secret().as_bytes(), Algorithm::HS256, HS256, payload), expiry);
    }
}

#[test]
fn a_claim_said_twice_is_refused() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let payload = claims(&ada).to_string().replacen('{', &format!("{{\"sub\":\"{}\",", bob.id), 1);
    refused(&app, &signed(app.jwt_secret().as_bytes(), Algorithm::HS256, HS256, payload), "sub");
}

#[test]
fn an_expired_token_is_refused_as_expired() {
    let app = app();
    let ada = app.sign_up("ada");
    let now = claims(&ada)["iat"].as_i64().expect("seconds");
    for expiry in [now - 1, now - 3600, 1, 0] {
        let token = with_the_secret(&app, &with(&claims(&ada), "exp", json!(expiry)));
        let message = "Your token has expired, Please log again!";
        refused_as(&app, &token, "ExpiredToken", message, &expiry.to_string());
    }
}

#[test]
fn a_forged_expired_token_is_refused_as_invalid() {
    let app = app();
    let ada = app.sign_up("ada");
    let expired = with(&claims(&ada), "exp", json!(1)).to_string();
    refused(&app, &signed(b"a guess", Algorithm::HS256, HS256, expired), "expired");
}

#[test]
fn a_token_from_the_future_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let later = claims(&ada)["exp"].clone();
    refused(&app, &with_the_secret(&app, &with(&claims(&ada), "nbf", later)), "nbf");
    refused(&app, &with_the_secret(&app, &with(&claims(&ada), "nbf", json!("soon"))), "nbf");
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for issuer in [json!("Ledger"), json!(""), json!("gazette "), json!(["Ledger"]), json!(7), json!([])] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "iss", issuer.clone())), &issuer.to_string());
    }
}

#[test]
fn a_token_of_another_purpose_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for audience in ["refresh", "reset-password", "verify-email", "cursor", "Access", "access ", ""] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "aud", json!(audience))), audience);
    }
    for audience in [json!(["refresh"]), json!(["refresh", "access"]), json!([]), json!(7)] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "aud", audience.clone())), &audience.to_string());
    }
}

#[test]
fn an_account_cannot_be_exchanged_behind_a_genuine_log_in() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let root = app.super_user();
    for victim in [&bob.id, &root.id] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "sub", json!(victim))), "sub");
    }
    for other in [&bob, root] {
        let gid = claims(other)["gid"].clone();
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "gid", gid)), "gid");
    }
    for subject in ["018f3f2e-0000-7000-8000-000000000000", "", "0", "me", &ada.email, &ada.id.to_uppercase()] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "sub", json!(subject))), subject);
    }
}

#[test]
fn a_token_of_a_log_in_that_never_existed_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for gid in ["018f3f2e-0000-7000-8000-000000000000", "", "0", "nonsense", "' OR 1=1 --", "\u{0}"] {
        refused(&app, &with_the_secret(&app, &with(&claims(&ada), "gid", json!(gid))), gid);
    }
}

#[test]
fn a_token_of_an_earlier_or_a_later_generation_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for generation in [-1_i64, 1, 2, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX] {
        let token = with_the_secret(&app, &with(&claims(&ada), "gen", json!(generation)));
        refused(&app, &token, &generation.to_string());
    }
}

#[test]
fn a_token_issued_under_another_password_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let pwd = claims(&ada)["pwd"].as_i64().expect("milliseconds");
    for other in [pwd - 1, pwd + 1, -1, i64::MAX, i64::MIN] {
        let token = with_the_secret(&app, &with(&claims(&ada), "pwd", json!(other)));
        let message = "User recently changed password! Please log in again.";
        refused_as(&app, &token, "PasswordChanged", message, &other.to_string());
    }
}

#[test]
fn a_malformed_payload_is_refused_even_if_it_is_signed() {
    let app = app();
    let secret = app.jwt_secret();
    let sign = |payload: &[u8]| signed(secret.as_bytes(), Algorithm::HS256, HS256, payload);
    for payload in ["", "nonsense", "null", "[]", "{}", "7", "\"text\"", "{\"sub\":", "{}{}"] {
        refused(&app, &sign(payload.as_bytes()), payload);
    }
    refused(&app, &sign(&[0xff, 0xfe, 0x00]), "bytes that are no text");
    refused(&app, &sign("[".repeat(20_000).as_bytes()), "deep nesting");
}

#[test]
fn a_malformed_token_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let token = token(&ada);
    let shorter = |by: usize| token[..token.len() - by].to_owned();
    let cases = [
        shorter(1),
        shorter(2),
        shorter(10),
        shorter(42),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{token}"),
        format!("{token}A"),
        format!("{token}="),
        token.replace('.', ","),
        "...".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "a".to_owned(),
        "undefined".to_owned(),
        "null".to_owned(),
        "x".repeat(50_000),
        format!("{token}{}", "A".repeat(50_000)),
    ];
    for forged in cases {
        refused(&app, &forged, &forged[..forged.len().min(60)]);
    }
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn a_signature_is_compared_to_its_last_bit() {
    let app = app();
    let ada = app.sign_up("ada");
    let (message, signature) = token(&ada).rsplit_once('.').expect("a signature");
    let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    for position in [0, 1, 15, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1;
        refused(&app, &format!("{message}.{}", encoded(flipped)), &position.to_string());
    }
    refused(&app, &format!("{message}.{}", encoded([0; 32])), "zeros");
}

#[test]
fn a_header_that_is_no_text_is_refused() {
    let app = app();
    for value in [&b"Bearer \xff\xfe"[..], b"\xffBearer x", b"Bearer \xc3\xa9", b"", b"Bearer"] {
        let request =
            [b"GET /api/users/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ", value, b"\r\n\r\n"];
        let answer = app.exchange(&request.concat());
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\"InvalidToken\""), "{answer}");
    }
}

#[test]
fn a_token_as_long_as_a_header_may_be_is_refused() {
    let app = app();
    refused(&app, &"x".repeat(100_000), "one part");
    refused(&app, &format!("{}.{}", "x".repeat(50_000), "y".repeat(50_000)), "two parts");
    refused(&app, &["x".repeat(30_000), "y".repeat(30_000), "z".repeat(30_000)].join("."), "three parts");
    refused(&app, &".".repeat(100_000), "no parts");
}
