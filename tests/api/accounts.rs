//! Signing up, logging in, and reading, changing and deleting one's own account.

use serde_json::{Value, json};

use crate::harness::{Account, App, PASSWORD, Reply, app, spawn_app};

fn email() -> String {
    format!("{}@example.com", uuid::Uuid::now_v7())
}

fn phone_number() -> String {
    format!("+{:012}", uuid::Uuid::now_v7().as_u128() % 1_000_000_000_000)
}

fn sign_up(app: &App, password: &str) -> (String, Reply) {
    let email = email();
    let reply = app.post("/api/auth/signup", json!({ "email": email, "password": password }));
    (email, reply)
}

fn log_in(app: &App, body: Value) -> Reply {
    app.post("/api/auth/login", body)
}

#[test]
fn signing_up_answers_with_the_account_and_without_a_token() {
    let app = app();
    let (email, reply) = sign_up(&app, PASSWORD);
    let reply = reply.succeeds(201);
    assert_eq!(reply["data"]["email"], email);
    assert_eq!(reply.json.as_object().map(serde_json::Map::len), Some(1), "{reply:?}");
    for flag in ["isSuperUser", "isStaff", "isEmailVerified"] {
        assert_eq!(reply["data"][flag], false, "{flag}");
    }
    assert_eq!(reply["data"]["isActive"], true);
    assert!(!reply["data"].as_object().expect("a row").contains_key("password"));
    assert_eq!(reply.header("Set-Cookie"), None);
}

#[test]
fn a_new_account_has_the_default_role() {
    let app = app();
    let ada = app.sign_up("ada");
    let assigned = app.super_user().get(&format!("/api/user-roles?userId={}", ada.id)).succeeds(200);
    assert_eq!(assigned.column("roleId"), [app.role("Author")]);
    ada.post("/api/posts", json!({ "title": "First", "content": "…", "slug": ada.username })).succeeds(201);
}

#[test]
fn an_email_address_makes_one_account_however_it_is_spelt() {
    let app = app();
    let (email, reply) = sign_up(&app, PASSWORD);
    reply.succeeds(201);
    let again = json!({ "email": format!(" {} ", email.to_uppercase()), "password": PASSWORD });
    app.post("/api/auth/signup", again).expect(409, "UserEmailUniqueConstraint");
    log_in(&app, json!({ "email": email.to_uppercase(), "password": PASSWORD })).succeeds(200);
    assert_eq!(app.count(&format!("/api/users?email={email}")), 1);
}

#[test]
fn signing_up_says_everything_that_is_missing() {
    let app = app();
    let reply = app.post("/api/auth/signup", json!({})).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), ["email", "password"]);
}

#[test]
fn a_weak_password_is_refused_with_every_reason_and_makes_no_account() {
    let app = app();
    for (password, reasons) in
        [("short", 3), ("alllowercase1", 1), ("ALLUPPERCASE1", 1), ("NoDigitsHere", 1), ("", 1), ("Password1", 1)]
    {
        let (email, reply) = sign_up(&app, password);
        let reply = reply.expect(400, "InvalidRequestBody");
        assert!(reply.problem_fields().iter().all(|field| *field == "password"), "{password}: {reply:?}");
        assert!(reply.problems().len() >= reasons, "{password}: {reply:?}");
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0, "{password}");
    }
}

#[test]
fn a_password_of_72_bytes_works_whole_and_one_of_73_is_refused() {
    let app = app();
    let longest = format!("Aa1{}", "x".repeat(69));
    let (email, reply) = sign_up(&app, &longest);
    reply.succeeds(201);
    log_in(&app, json!({ "email": email, "password": longest })).succeeds(200);
    for other in [format!("{longest}y"), format!("{}y", &longest[..71]), longest[..71].to_owned()] {
        log_in(&app, json!({ "email": email, "password": other })).expect(401, "IncorrectCredentials");
    }
    let (email, reply) = sign_up(&app, &format!("{longest}x"));
    reply.expect(400, "InvalidRequestBody");
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
}

#[test]
fn the_72_bytes_of_a_password_are_counted_in_bytes() {
    let app = app();
    let (_, fits) = sign_up(&app, &format!("Aa1x{}", "ü".repeat(34)));
    fits.succeeds(201);
    let (_, too_long) = sign_up(&app, &format!("Aa1x{}", "ü".repeat(35)));
    too_long.expect(400, "InvalidRequestBody");
}

#[test]
fn a_password_with_a_nul_is_refused() {
    let app = app();
    let (email, reply) = sign_up(&app, "Correct\u{0}Horse-7");
    reply.expect(400, "InvalidRequestBody");
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
}

#[test]
fn logging_in_answers_with_a_token_twice_and_sets_a_cookie() {
    let app = app();
    let ada = app.sign_up("ada");
    let reply = log_in(&app, json!({ "email": ada.email, "password": PASSWORD })).succeeds(200);
    assert_eq!(reply["token"], reply["accessToken"]);
    assert_eq!(reply["data"]["id"], ada.id);
    assert!(reply["data"]["lastLoginAt"].is_string());
    let cookie = reply.header("Set-Cookie").expect("a cookie");
    assert!(cookie.starts_with("arkos_access_token="), "{cookie}");
    assert!(cookie.contains(reply["token"].as_str().expect("a token")), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "not over plain HTTP: {cookie}");
}

#[test]
fn the_cookie_is_secure_behind_a_trusted_proxy_with_tls() {
    let app = crate::harness::Setup::new().with("TRUSTED_PROXIES", "127.0.0.0/8").spawn();
    let ada = app.sign_up("ada");
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let proxied = app.request("POST", "/api/auth/login").header("X-Forwarded-For", "192.0.2.7");
    let reply = proxied.header("X-Forwarded-Proto", "https").json(&body).send().succeeds(200);
    assert!(
        reply.header("Set-Cookie").is_some_and(|cookie| cookie.contains("; Secure")),
        "{:?}",
        reply.header("Set-Cookie")
    );
    assert!(reply.header("Strict-Transport-Security").is_some());
}

#[test]
fn the_cookies_are_secure_where_the_public_url_says_https() {
    let setup = crate::harness::Setup::new().with("PUBLIC_URL", "HTTPS://gazette.example.com/");
    let app = setup.with("GABLE_INSECURE_COOKIES", "1").spawn();
    let ada = app.sign_up("ada");
    let is_secure = |reply: &crate::harness::Reply| {
        let cookie = reply.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
        assert!(cookie.split("; ").any(|part| part == "Secure"), "{cookie}");
        assert!(reply.header("Strict-Transport-Security").is_some(), "{reply:?}");
    };
    is_secure(&app.post("/api/auth/login", json!({ "email": ada.email, "password": PASSWORD })).succeeds(200));
    is_secure(&app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200));
    is_secure(&ada.delete("/api/auth/logout").succeeds(204));
}

#[test]
fn every_identifier_logs_in() {
    let app = app();
    let ada = app.sign_up("ada");
    let (nickname, number) = (format!("Nick-{}", ada.username), phone_number());
    ada.post("/api/user-profiles", json!({ "nickname": nickname })).succeeds(201);
    ada.post("/api/phones", json!({ "number": number })).succeeds(201);
    ada.post("/api/phones", json!({ "number": phone_number() })).succeeds(201);
    for (query, key, value) in [
        ("", "email", &ada.email),
        ("", "username", &ada.username),
        ("", "username", &ada.email),
        ("", "nickname", &nickname),
        ("", "number", &number),
        ("?usernameField=email", "email", &ada.email),
        ("?usernameField=username", "username", &ada.username),
        ("?usernameField=profile.nickname", "nickname", &nickname),
        ("?usernameField=phones.some.number", "number", &number),
    ] {
        let reply = app.post(&format!("/api/auth/login{query}"), json!({ key: value, "password": PASSWORD }));
        assert_eq!(reply.succeeds(200)["data"]["id"], ada.id, "{query} {key}");
    }
}

#[test]
fn only_allowed_identifiers_log_in() {
    let app = app();
    let ada = app.sign_up_with("ada", json!({ "name": "Ada of the engines" }));
    for field in ["name", "id", "password", "profile.website", "email;", "", "email&usernameField=email"] {
        let path = format!("/api/auth/login?usernameField={field}");
        app.post(&path, json!({ "email": ada.email, "name": "Ada of the engines", "password": PASSWORD }))
            .expect(400, "InvalidRequestQuery");
    }
    log_in(&app, json!({ "name": "Ada of the engines", "password": PASSWORD })).expect(400, "MissingCredentialFields");
}

#[test]
fn an_unknown_account_and_a_wrong_password_are_answered_alike() {
    let app = app();
    let ada = app.sign_up("ada");
    let wrong = log_in(&app, json!({ "email": ada.email, "password": "Wrong-Horse-7" }));
    let unknown = log_in(&app, json!({ "email": email(), "password": "Wrong-Horse-7" }));
    assert_eq!(wrong.bytes, unknown.bytes);
    let wrong = wrong.expect(401, "IncorrectCredentials");
    assert_eq!(wrong["message"], "Incorrect email or password");
    assert_eq!(wrong.header("Set-Cookie"), None);
}

#[test]
fn missing_credentials_are_named() {
    let app = app();
    for body in [
        json!({}),
        json!({ "email": "a@example.com" }),
        json!({ "email": 7, "password": 7 }),
        json!({ "email": "", "password": "" }),
    ] {
        log_in(&app, body).expect(400, "MissingCredentialFields");
    }
}

#[test]
fn an_impossible_identifier_is_refused_like_an_unknown_one() {
    let app = app();
    for value in ["' OR '1'='1", "a\u{0}b", "%", "🎉"] {
        log_in(&app, json!({ "username": value, "password": PASSWORD })).expect(401, "IncorrectCredentials");
        log_in(&app, json!({ "email": value, "password": PASSWORD })).expect(401, "IncorrectCredentials");
    }
}

#[test]
fn an_inactive_account_can_neither_log_in_nor_use_its_token() {
    let app = app();
    let ada = app.sign_up("ada");
    app.super_user().patch(&format!("/api/users/{}", ada.id), json!({ "isActive": false })).succeeds(200);
    let reply = log_in(&app, json!({ "email": ada.email, "password": PASSWORD }));
    assert!(matches!(reply.status, 401 | 403), "{reply:?}");
    assert_eq!(ada.get("/api/users/me").status, 401);
    assert_eq!(ada.post("/api/posts", json!({ "title": "Still here", "content": "…" })).status, 401);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn me_is_the_callers_own_account() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    assert_eq!(ada.get("/api/users/me").succeeds(200)["data"]["email"], ada.email);
    assert_eq!(bob.get("/api/users/me").succeeds(200)["data"]["email"], bob.email);
    app.get("/api/users/me").expect(401, "LoginRequired");
}

#[test]
fn an_account_changes_its_own_fields() {
    let app = app();
    let ada = app.sign_up_with("ada", json!({ "bio": "Counts." }));
    let changed = ada.patch("/api/users/me", json!({ "name": "Ada", "bio": null })).succeeds(200);
    assert_eq!((&changed["data"]["name"], &changed["data"]["bio"]), (&json!("Ada"), &Value::Null));
    assert_eq!(app.row(&format!("/api/users/{}", ada.id)), changed["data"]);
    app.patch("/api/users/me", json!({ "name": "Nobody" })).expect(401, "LoginRequired");
}

#[test]
fn a_rule_of_the_own_page_is_stricter_than_the_field() {
    let app = app();
    let ada = app.sign_up_with("ada", json!({ "bio": "Counts." }));
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    let reply = ada.patch("/api/users/me", json!({ "bio": "ä".repeat(501) })).expect(400, "InvalidRequestBody");
    let problem = json!({
        "field": "bio", "code": "BioMaxLengthConstraint", "message": "'bio' must be at most 500 characters"
    });
    assert_eq!(reply["meta"], json!({ "errors": [problem] }));
    assert_eq!(app.row(&path), before);
    ada.patch("/api/users/me", json!({ "bio": "ä".repeat(500) })).succeeds(200);
    // The rule belongs to the route, not to the field.
    app.super_user().patch(&path, json!({ "bio": "ä".repeat(501) })).succeeds(200);
}

#[test]
fn a_violation_of_both_field_and_route_is_reported_once() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    let reply = ada.patch("/api/users/me", json!({ "bio": "x".repeat(2001) })).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problems(), ["BioMaxLengthConstraint"]);
    assert_eq!(reply["message"], "'bio' must be at most 500 characters");
    for other in [json!(7), json!(["x"]), json!({ "x": 1 })] {
        let reply = ada.patch("/api/users/me", json!({ "bio": other })).expect(400, "InvalidRequestBody");
        assert_eq!(reply.problems(), ["BioIsStringConstraint"]);
    }
    assert_eq!(app.row(&path), before);
}

#[test]
fn violations_of_route_rules_are_reported_together_with_others() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    let body = json!({ "shoeSize": 43, "bio": "x".repeat(501), "name": "x".repeat(121), "username": "a" });
    let reply = ada.patch("/api/users/me", body).expect(400, "InvalidRequestBody");
    let codes = ["UsernameMinLengthConstraint", "NameMaxLengthConstraint", "BioMaxLengthConstraint", "UnknownField"];
    assert_eq!(reply.problems(), codes);
    assert_eq!(app.row(&path), before);
}

#[test]
fn signing_up_against_a_rule_of_the_route_makes_no_account() {
    let app = app();
    let email = email();
    let body = json!({ "email": email, "password": "short", "bio": "x".repeat(501) });
    let reply = app.post("/api/auth/signup", body).expect(400, "InvalidRequestBody");
    assert!(reply.problem_fields().contains(&"password"), "{reply:?}");
    assert_eq!(reply.problems().last(), Some(&"BioMaxLengthConstraint"), "{reply:?}");
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
}

#[test]
fn the_password_is_not_changed_among_other_fields() {
    let app = app();
    let ada = app.sign_up("ada");
    ada.patch("/api/users/me", json!({ "password": "Another-Horse-7", "bio": "x" }))
        .expect(400, "InvalidFieldPassword");
    log_in(&app, json!({ "email": ada.email, "password": PASSWORD })).succeeds(200);
    log_in(&app, json!({ "email": ada.email, "password": "Another-Horse-7" })).expect(401, "IncorrectCredentials");
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["bio"], Value::Null);
}

#[test]
fn an_account_cannot_take_anothers_identifier() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    ada.patch("/api/users/me", json!({ "email": bob.email })).expect(409, "UserEmailUniqueConstraint");
    ada.patch("/api/users/me", json!({ "username": bob.username })).expect(409, "UserUsernameUniqueConstraint");
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["email"], ada.email);
}

#[test]
fn the_cookie_is_accepted_like_the_header() {
    let app = app();
    let ada = app.sign_up("ada");
    let cookie = format!("other=1; arkos_access_token={}", ada.token().expect("a token"));
    let reply = app.request("GET", "/api/users/me").header("Cookie", &cookie).send().succeeds(200);
    assert_eq!(reply["data"]["id"], ada.id);
}

#[test]
fn a_stale_cookie_does_not_prevent_access_to_a_public_page() {
    let app = app();
    let get = |path: &str| app.request("GET", path).header("Cookie", "arkos_access_token=stale").send();
    get("/api/posts").succeeds(200);
    get("/api/users/me").expect(401, "InvalidToken");
}

#[test]
fn a_header_that_is_no_token_is_refused_even_on_a_public_page() {
    let app = app();
    for value in ["Bearer garbage", "Bearer a.b.c", "Bearer", "Bearer ", "Basic YWRhOnBhc3M=", "garbage"] {
        for path in ["/api/posts", "/api/users/me"] {
            app.request("GET", path).header("Authorization", value).send().expect(401, "InvalidToken");
        }
    }
}

#[test]
fn the_header_wins_over_the_cookie() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let cookie = format!("arkos_access_token={}", bob.token().expect("a token"));
    let both = |account: &Account| account.request("GET", "/api/users/me").header("Cookie", &cookie).send();
    assert_eq!(both(&ada).succeeds(200)["data"]["id"], ada.id);
    let garbage =
        app.request("GET", "/api/users/me").header("Authorization", "Bearer garbage").header("Cookie", &cookie);
    garbage.send().expect(401, "InvalidToken");
}

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let token = ada.token().expect("a token");
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts: {token}") };
    // {"alg":"none","typ":"JWT"}
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let other = app.sign_up("bob");
    let other_claims = other.token().and_then(|token| token.split('.').nth(1)).expect("claims").to_owned();
    for forged in [
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{signature}"),
        format!("{head}.{other_claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
    ] {
        app.with_token(&forged).get("/api/users/me").expect(401, "InvalidToken");
    }
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn a_token_of_another_installation_is_refused() {
    let (here, elsewhere) = (app(), spawn_app());
    let ada = elsewhere.sign_up("ada");
    here.with_token(ada.token().expect("a token")).get("/api/users/me").expect(401, "InvalidToken");
}

#[test]
fn tokens_outlive_a_restart() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let token = ada.token().expect("a token").to_owned();
    let app = app.restart();
    assert_eq!(app.with_token(&token).get("/api/users/me").succeeds(200)["data"]["id"], ada.id);
}

#[test]
fn passwords_never_reach_the_log() {
    let app = spawn_app();
    let secret = "Unlogged-Horse-7";
    let (email, reply) = sign_up(&app, secret);
    reply.succeeds(201);
    let token = log_in(&app, json!({ "email": email, "password": secret })).succeeds(200)["token"].clone();
    log_in(&app, json!({ "email": email, "password": format!("{secret}!") })).expect(401, "IncorrectCredentials");
    app.get(&format!("/api/posts?password={secret}")).expect(400, "InvalidRequestQuery");
    app.log_has("/api/posts", "400");
    let output = app.output();
    assert!(output.contains("/api/auth/login") && !output.contains(secret), "{output}");
    assert!(!output.contains(token.as_str().expect("a token")), "{output}");
}
