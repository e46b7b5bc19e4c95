//! Interceptors of accounts: their order, the rollback after their errors, and the decisions that they may make.

use api::{CreateUser, User};
use gable::{ApiError, AuthHooks, Authentication, AuthenticationFailure, Context, LoginAttempt, Principal};
use serde_json::{Value, json};

use crate::harness::{InProcess, Journal, PASSWORD, Reply, record};

const OTHER_PASSWORD: &str = "Difference-1822";
const EMAIL: &str = "ada@example.com";
const ME: &str = "/api/users/me";
/// The interceptors that run before an operation of a logged-in caller.
const LET_IN: [&str; 2] = ["before_authenticate", "after_authenticate"];

/// The interceptors that run for a logged-in caller.
fn let_in_and(more: &[&'static str]) -> Vec<&'static str> {
    [&LET_IN, more].concat()
}

#[track_caller]
fn is_refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply["code"].as_str()), (status, Some(code)), "{reply:?}");
}

fn with_auth(install: impl FnOnce(&mut AuthHooks<User>)) -> InProcess {
    InProcess::with(|hooks| install(&mut hooks.auth))
}

/// An application that records all of these interceptors, and the token of an account.
fn journalled() -> (InProcess, Journal, String) {
    let journal = Journal::default();
    let app = with_auth(|auth| install(&journal, auth));
    sign_up(&app);
    let token = token_of(&app, PASSWORD);
    journal.take();
    (app, journal, token)
}

fn install(journal: &Journal, auth: &mut AuthHooks<User>) {
    record!(
        journal,
        auth,
        [
            before_login,
            after_login,
            on_login_error,
            before_signup,
            after_signup,
            on_signup_error,
            before_logout,
            after_logout,
            on_logout_error,
            before_update_password,
            after_update_password,
            on_update_password_error,
            before_get_me,
            after_get_me,
            on_get_me_error,
            before_update_me,
            after_update_me,
            on_update_me_error,
            before_delete_me,
            after_delete_me,
            on_delete_me_error,
            before_authenticate,
            after_authenticate,
            on_authenticate_error,
            before_authorize,
            after_authorize,
            on_authorize_error,
        ]
    );
}

/// Sends a request with a bearer token, unless the token is empty, and with a body, unless it is null.
fn send(app: &InProcess, method: &str, path: &str, token: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    send_with(app, method, path, if token.is_empty() { &[] } else { &headers }, body)
}

fn send_with(app: &InProcess, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let request = headers.iter().fold(app.request(method, path), |request, (name, value)| request.header(name, value));
    match body {
        Value::Null => request.send(),
        body => request.json(body).send(),
    }
}

fn sign_up(app: &InProcess) -> Reply {
    app.post("/api/auth/signup", credentials(EMAIL, PASSWORD)).succeeds(201)
}

fn log_in(app: &InProcess, password: &str) -> Reply {
    app.post("/api/auth/login", credentials(EMAIL, password))
}

fn token_of(app: &InProcess, password: &str) -> String {
    log_in(app, password)["token"].as_str().expect("a token").to_owned()
}

/// The number of rows in each table that an operation on an account writes to.
fn all_rows(app: &InProcess) -> Vec<i64> {
    ["users", "user_roles", "gable_grants", "gable_events"].map(|table| app.rows(table)).to_vec()
}

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

fn passwords(current: &str, new: &str) -> Value {
    json!({ "currentPassword": current, "newPassword": new })
}

#[test]
fn each_operation_runs_its_own_interceptors_in_order() {
    let (app, journal, token) = journalled();
    assert_eq!(send(&app, "POST", "/api/auth/signup", "", &credentials("grace@example.com", PASSWORD)).status, 201);
    assert_eq!(journal.take(), ["before_signup", "after_signup"]);
    assert_eq!(log_in(&app, PASSWORD).status, 200);
    assert_eq!(journal.take(), ["before_login", "after_login"]);
    assert_eq!(send(&app, "GET", ME, &token, &Value::Null).status, 200);
    assert_eq!(journal.take(), let_in_and(&["before_get_me", "after_get_me"]));
    assert_eq!(send(&app, "PATCH", ME, &token, &json!({ "bio": "Countess" })).status, 200);
    assert_eq!(journal.take(), let_in_and(&["before_update_me", "after_update_me"]));
    let body = passwords(PASSWORD, OTHER_PASSWORD);
    let changed = send(&app, "POST", "/api/auth/update-password", &token, &body).succeeds(200);
    assert_eq!(journal.take(), let_in_and(&["before_update_password", "after_update_password"]));
    let token = changed["token"].as_str().expect("a token");
    assert_eq!(send(&app, "DELETE", "/api/auth/logout", token, &Value::Null).status, 204);
    assert_eq!(journal.take(), let_in_and(&["before_logout", "after_logout"]));
    let token = token_of(&app, OTHER_PASSWORD);
    journal.take();
    assert_eq!(send(&app, "DELETE", ME, &token, &Value::Null).status, 204);
    assert_eq!(journal.take(), let_in_and(&["before_delete_me", "after_delete_me"]));
}

#[test]
fn other_requests_run_the_interceptors_of_authentication_and_authorization_only() {
    let (app, journal, token) = journalled();
    for token in ["", &token] {
        assert_eq!(send(&app, "GET", "/api/tags", token, &Value::Null).status, 200);
        assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    }
    is_refused(&send(&app, "POST", "/api/tags", &token, &json!({ "name": "x" })), 403, "NotEnoughPermissions");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "on_authorize_error"]));
}

#[test]
fn the_catalogue_and_explanations_run_the_interceptors_of_authentication_and_authorization() {
    let (app, journal, token) = journalled();
    let explain = "/api/auth-permissions/explain?account=1&resource=tag&action=View";
    assert_eq!(send(&app, "GET", "/api/auth-actions", &token, &Value::Null).status, 200);
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    is_refused(&send(&app, "GET", explain, &token, &Value::Null), 403, "NotEnoughPermissions");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "on_authorize_error"]));
    app.run("UPDATE users SET is_super_user = TRUE");
    let token = token_of(&app, PASSWORD);
    journal.take();
    is_refused(&send(&app, "GET", explain, &token, &Value::Null), 400, "InvalidRequestQuery");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    for name in ["before_authorize", "after_authorize"] {
        journal.fail(name);
        for path in ["/api/auth-actions", explain] {
            is_refused(&send(&app, "GET", path, &token, &Value::Null), 409, name);
        }
    }
}

#[test]
fn an_operation_that_fails_runs_its_error_interceptors() {
    let (app, journal, token) = journalled();
    is_refused(
        &send(&app, "POST", "/api/auth/signup", "", &credentials(EMAIL, PASSWORD)),
        409,
        "UserEmailUniqueConstraint",
    );
    assert_eq!(journal.take(), ["before_signup", "on_signup_error"]);
    is_refused(&send(&app, "POST", "/api/auth/signup", "", &json!({})), 400, "InvalidRequestBody");
    assert_eq!(journal.take(), ["on_signup_error"], "what is not valid is not shown to the first one");
    is_refused(&log_in(&app, "Wrong-1234"), 401, "IncorrectCredentials");
    assert_eq!(journal.take(), ["before_login", "on_login_error"]);
    let body = passwords("Wrong-1234", OTHER_PASSWORD);
    is_refused(&send(&app, "POST", "/api/auth/update-password", &token, &body), 400, "IncorrentCurrentPassword");
    assert_eq!(journal.take(), let_in_and(&["on_update_password_error"]));
    for (method, path, after) in [
        ("GET", "/api/users/me?x=1", "on_get_me_error"),
        ("PATCH", "/api/users/me?x=1", "on_update_me_error"),
        ("DELETE", "/api/users/me?x=1", "on_delete_me_error"),
        ("DELETE", "/api/auth/logout?x=1", "on_logout_error"),
    ] {
        is_refused(&send(&app, method, path, &token, &Value::Null), 400, "InvalidRequestQuery");
        assert_eq!(journal.take(), let_in_and(&[after]));
    }
}

/// An operation, its request, and its interceptors.
struct Case {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: Value,
    before: &'static str,
    after: &'static str,
    error: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |method, path, body, [before, after, error]: [&'static str; 3]| Case {
        method,
        path,
        query: "",
        body,
        before,
        after,
        error,
    };
    let (signup, login) = (credentials("grace@example.com", PASSWORD), credentials(EMAIL, PASSWORD));
    let change = passwords(PASSWORD, OTHER_PASSWORD);
    vec![
        case("POST", "/api/auth/signup", signup, ["before_signup", "after_signup", "on_signup_error"]),
        case("POST", "/api/auth/login", login, ["before_login", "after_login", "on_login_error"]),
        case("GET", ME, Value::Null, ["before_get_me", "after_get_me", "on_get_me_error"]),
        case("PATCH", ME, json!({ "bio": "Changed" }), ["before_update_me", "after_update_me", "on_update_me_error"]),
        case("DELETE", ME, Value::Null, ["before_delete_me", "after_delete_me", "on_delete_me_error"]),
        case("DELETE", "/api/auth/logout", Value::Null, ["before_logout", "after_logout", "on_logout_error"]),
        case(
            "POST",
            "/api/auth/update-password",
            change,
            ["before_update_password", "after_update_password", "on_update_password_error"],
        ),
    ]
}

impl Case {
    fn send(&self, app: &InProcess, token: &str) -> Reply {
        let token = if matches!(self.path, "/api/auth/signup" | "/api/auth/login") { "" } else { token };
        send(app, self.method, &format!("{}{}", self.path, self.query), token, &self.body)
    }
}

#[test]
fn an_error_before_or_after_an_operation_undoes_all_of_it() {
    let (app, journal, token) = journalled();
    let before = (all_rows(&app), send(&app, "GET", ME, &token, &Value::Null).succeeds(200).json);
    for case in cases() {
        for failing in [case.before, case.after] {
            journal.fail(failing);
            journal.take();
            is_refused(&case.send(&app, &token), 409, failing);
            assert_eq!(journal.take().last(), Some(&case.error), "{failing}");
            journal.succeed();
            let now = send(&app, "GET", ME, &token, &Value::Null).succeeds(200).json;
            assert_eq!((all_rows(&app), now), before, "{failing}");
        }
    }
    assert_eq!(log_in(&app, PASSWORD).status, 200);
    is_refused(&log_in(&app, OTHER_PASSWORD), 401, "IncorrectCredentials");
}

#[test]
fn an_error_interceptor_may_replace_the_error() {
    let (app, journal, token) = journalled();
    let rows = all_rows(&app);
    for case in cases() {
        journal.fail(case.error);
        let broken = Case { query: "?x=1", ..case };
        is_refused(&broken.send(&app, &token), 409, broken.error);
    }
    assert_eq!(all_rows(&app), rows);
}

#[test]
fn an_error_interceptor_may_change_the_error_it_is_given() {
    let app = with_auth(|auth| {
        auth.on_login_error(async |_: &mut Context<'_>, error: &mut ApiError| -> Result<(), ApiError> {
            *error = ApiError::new(error.status(), format!("{}Again", error.code()), "No");
            Ok(())
        });
    });
    is_refused(&log_in(&app, PASSWORD), 401, "IncorrectCredentialsAgain");
}

#[test]
fn for_a_refused_caller_no_interceptor_of_the_operation_runs() {
    let (app, journal, token) = journalled();
    let rows = all_rows(&app);
    for case in cases().iter().filter(|case| !matches!(case.before, "before_signup" | "before_login")) {
        is_refused(&case.send(&app, ""), 401, "LoginRequired");
        assert_eq!(journal.take(), let_in_and(&["on_authorize_error"]), "{}", case.before);
        is_refused(&case.send(&app, "nonsense"), 401, "InvalidToken");
        assert_eq!(journal.take(), ["before_authenticate", "on_authenticate_error"], "{}", case.before);
    }
    assert_eq!(all_rows(&app), rows);
    assert_eq!(send(&app, "GET", ME, &token, &Value::Null).status, 200);
}

#[test]
fn an_error_of_an_authentication_or_authorization_interceptor_refuses_the_request() {
    let (app, journal, token) = journalled();
    for (failing, ran) in [
        ("before_authenticate", vec!["before_authenticate"]),
        ("after_authenticate", LET_IN.to_vec()),
        ("before_authorize", let_in_and(&["before_authorize", "on_authorize_error"])),
        ("after_authorize", let_in_and(&["before_authorize", "after_authorize", "on_authorize_error"])),
    ] {
        journal.fail(failing);
        is_refused(&send(&app, "GET", "/api/tags", &token, &Value::Null), 409, failing);
        assert_eq!(journal.take(), ran);
        let post = json!({ "title": "A title", "content": "…" });
        is_refused(&send(&app, "POST", "/api/posts", &token, &post), 409, failing);
        assert_eq!(journal.take(), ran);
        assert_eq!(app.rows("posts"), 0, "{failing}");
    }
    journal.fail("on_authenticate_error");
    is_refused(&send(&app, "GET", "/api/tags", "nonsense", &Value::Null), 409, "on_authenticate_error");
    journal.fail("on_authorize_error");
    is_refused(&send(&app, "GET", ME, "", &Value::Null), 409, "on_authorize_error");
    is_refused(&send(&app, "POST", "/api/tags", &token, &json!({ "name": "x" })), 409, "on_authorize_error");
}

/// Identifies the caller by the header `X-Account`.
fn by_header(auth: &mut AuthHooks<User>) {
    auth.before_authenticate(async |ctx: &mut Context<'_>, rows: &mut Authentication| -> Result<(), ApiError> {
        if let Some(account) = ctx.header("X-Account").and_then(|text| uuid::Uuid::try_parse(text).ok()) {
            rows.principal = Some(ctx.identify(account).await?);
        }
        Ok(())
    });
}

#[test]
fn an_interceptor_may_identify_the_caller() {
    let app = with_auth(by_header);
    let id = sign_up(&app)["data"]["id"].as_str().expect("an id").to_owned();
    let me = |headers: &[(&str, &str)]| send_with(&app, "GET", ME, headers, &Value::Null);
    assert_eq!(me(&[("X-Account", &id)])["data"]["id"], id);
    let with_a_bad_token = me(&[("X-Account", &id), ("Authorization", "Bearer nonsense")]);
    assert_eq!(with_a_bad_token.status, 200, "the credential is ignored: {with_a_bad_token:?}");
    is_refused(&me(&[]), 401, "LoginRequired");
    is_refused(&me(&[("X-Account", &uuid::Uuid::now_v7().to_string())]), 401, "UserNoLongerExists");
    assert_eq!(send_with(&app, "DELETE", "/api/auth/logout", &[("X-Account", &id)], &Value::Null).status, 204);
    let change = passwords(PASSWORD, OTHER_PASSWORD);
    let changed = send_with(&app, "POST", "/api/auth/update-password", &[("X-Account", &id)], &change);
    is_refused(&changed, 401, "LoginRequired");
    assert_eq!(log_in(&app, PASSWORD).status, 200, "without a log-in no token could replace the old one");
}

#[test]
fn an_interceptor_may_treat_a_caller_with_an_invalid_token_as_anonymous() {
    let app = with_auth(|auth| {
        auth.on_authenticate_error(
            async |_: &mut Context<'_>, failure: &mut AuthenticationFailure| -> Result<(), ApiError> {
                failure.principal = Some(Principal::Anonymous);
                Ok(())
            },
        );
    });
    assert_eq!(send(&app, "GET", "/api/tags", "nonsense", &Value::Null).status, 200);
    is_refused(&send(&app, "GET", ME, "nonsense", &Value::Null), 401, "LoginRequired");
    is_refused(&send(&app, "POST", "/api/tags", "nonsense", &json!({ "name": "x" })), 401, "LoginRequired");
    let strict = InProcess::new();
    is_refused(&send(&strict, "GET", "/api/tags", "nonsense", &Value::Null), 401, "InvalidToken");
}

#[test]
fn an_interceptor_may_make_the_caller_anonymous() {
    let app = with_auth(|auth| {
        auth.after_authenticate(async |_: &mut Context<'_>, who: &mut Principal| -> Result<(), ApiError> {
            *who = Principal::Anonymous;
            Ok(())
        });
    });
    sign_up(&app);
    is_refused(&send(&app, "GET", ME, &token_of(&app, PASSWORD), &Value::Null), 401, "LoginRequired");
}

#[test]
fn interceptors_may_change_what_is_written_and_what_is_answered() {
    let app = with_auth(|auth| {
        auth.before_signup(async |_: &mut Context<'_>, input: &mut CreateUser| -> Result<(), ApiError> {
            input.bio = Some("Stored".to_owned());
            Ok(())
        })
        .after_signup(async |_: &mut Context<'_>, user: &mut User| -> Result<(), ApiError> {
            user.bio = Some("Shown".to_owned());
            Ok(())
        })
        .before_login(async |_: &mut Context<'_>, attempt: &mut LoginAttempt| -> Result<(), ApiError> {
            assert_eq!(attempt.field, "email");
            attempt.identifier = attempt.identifier.replace("+mobile", "");
            Ok(())
        });
    });
    assert_eq!(sign_up(&app)["data"]["bio"], "Shown");
    let reply = app.post("/api/auth/login", credentials("ada+mobile@example.com", PASSWORD)).succeeds(200);
    assert_eq!(reply["data"]["bio"], "Stored");
}
