//! The interceptors around accounts: which run when, what an error of theirs undoes, and what they may decide.

pub(crate) mod stage;

use api::{CreateUser, User};
use gable::{ApiError, AuthHooks, Authentication, AuthenticationFailure, Context, LoginAttempt, Principal};
use serde_json::{Value, json};

use stage::{EMAIL, PASSWORD, Stage, credentials, passwords};

const OTHER_PASSWORD: &str = "Difference-1822";
const ME: &str = "/api/users/me";
/// What runs before an operation of somebody who is logged in.
const LET_IN: [&str; 2] = ["before_authenticate", "after_authenticate"];

/// What runs for somebody who is logged in.
fn let_in_and(more: &[&'static str]) -> Vec<&'static str> {
    [&LET_IN, more].concat()
}

#[track_caller]
fn is_refused(reply: &(u16, Value), status: u16, code: &str) {
    assert_eq!((reply.0, reply.1["code"].as_str()), (status, Some(code)), "{}", reply.1);
}

#[test]
fn each_operation_runs_its_own_interceptors_in_order() {
    let (stage, journal, token) = Stage::journalled();
    assert_eq!(stage.ask("POST", "/api/auth/signup", "", &credentials("grace@example.com", PASSWORD)).0, 201);
    assert_eq!(journal.take(), ["before_signup", "after_signup"]);
    assert_eq!(stage.log_in(PASSWORD).0, 200);
    assert_eq!(journal.take(), ["before_login", "after_login"]);
    assert_eq!(stage.ask("GET", ME, &token, &Value::Null).0, 200);
    assert_eq!(journal.take(), let_in_and(&["before_get_me", "after_get_me"]));
    assert_eq!(stage.ask("PATCH", ME, &token, &json!({ "bio": "Countess" })).0, 200);
    assert_eq!(journal.take(), let_in_and(&["before_update_me", "after_update_me"]));
    let body = passwords(PASSWORD, OTHER_PASSWORD);
    let (status, changed) = stage.ask("POST", "/api/auth/update-password", &token, &body);
    assert_eq!(status, 200, "{changed}");
    assert_eq!(journal.take(), let_in_and(&["before_update_password", "after_update_password"]));
    let token = changed["token"].as_str().expect("a token");
    assert_eq!(stage.ask("DELETE", "/api/auth/logout", token, &Value::Null).0, 204);
    assert_eq!(journal.take(), let_in_and(&["before_logout", "after_logout"]));
    let token = stage.token(OTHER_PASSWORD);
    journal.take();
    assert_eq!(stage.ask("DELETE", ME, &token, &Value::Null).0, 204);
    assert_eq!(journal.take(), let_in_and(&["before_delete_me", "after_delete_me"]));
}

#[test]
fn what_is_no_account_operation_runs_the_two_stages_only() {
    let (stage, journal, token) = Stage::journalled();
    for token in ["", &token] {
        assert_eq!(stage.ask("GET", "/api/tags", token, &Value::Null).0, 200);
        assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    }
    is_refused(&stage.ask("POST", "/api/tags", &token, &json!({ "name": "x" })), 403, "NotEnoughPermissions");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "on_authorize_error"]));
}

#[test]
fn the_catalogue_and_explanations_run_the_two_stages_like_every_route() {
    let (stage, journal, token) = Stage::journalled();
    let explain = "/api/auth-permissions/explain?account=1&resource=tag&action=View";
    assert_eq!(stage.ask("GET", "/api/auth-actions", &token, &Value::Null).0, 200);
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    is_refused(&stage.ask("GET", explain, &token, &Value::Null), 403, "NotEnoughPermissions");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "on_authorize_error"]));
    stage.make_super_user();
    let token = stage.token(PASSWORD);
    journal.take();
    is_refused(&stage.ask("GET", explain, &token, &Value::Null), 400, "InvalidRequestQuery");
    assert_eq!(journal.take(), let_in_and(&["before_authorize", "after_authorize"]));
    for name in ["before_authorize", "after_authorize"] {
        journal.let_fail(name);
        for path in ["/api/auth-actions", explain] {
            is_refused(&stage.ask("GET", path, &token, &Value::Null), 409, name);
        }
    }
}

#[test]
fn an_operation_that_fails_runs_its_error_interceptors() {
    let (stage, journal, token) = Stage::journalled();
    is_refused(
        &stage.ask("POST", "/api/auth/signup", "", &credentials(EMAIL, PASSWORD)),
        409,
        "UserEmailUniqueConstraint",
    );
    assert_eq!(journal.take(), ["before_signup", "on_signup_error"]);
    is_refused(&stage.ask("POST", "/api/auth/signup", "", &json!({})), 400, "InvalidRequestBody");
    assert_eq!(journal.take(), ["on_signup_error"], "what is not valid is not shown to the first one");
    is_refused(&stage.log_in("Wrong-1234"), 401, "IncorrectCredentials");
    assert_eq!(journal.take(), ["before_login", "on_login_error"]);
    let body = passwords("Wrong-1234", OTHER_PASSWORD);
    is_refused(&stage.ask("POST", "/api/auth/update-password", &token, &body), 400, "IncorrentCurrentPassword");
    assert_eq!(journal.take(), let_in_and(&["on_update_password_error"]));
    for (method, path, after) in [
        ("GET", "/api/users/me?x=1", "on_get_me_error"),
        ("PATCH", "/api/users/me?x=1", "on_update_me_error"),
        ("DELETE", "/api/users/me?x=1", "on_delete_me_error"),
        ("DELETE", "/api/auth/logout?x=1", "on_logout_error"),
    ] {
        is_refused(&stage.ask(method, path, &token, &Value::Null), 400, "InvalidRequestQuery");
        assert_eq!(journal.take(), let_in_and(&[after]));
    }
}

/// An operation, the account's interceptors of it, and what it is sent.
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
    fn send(&self, stage: &Stage, token: &str) -> (u16, Value) {
        let token = if matches!(self.path, "/api/auth/signup" | "/api/auth/login") { "" } else { token };
        stage.ask(self.method, &format!("{}{}", self.path, self.query), token, &self.body)
    }
}

#[test]
fn an_error_before_or_after_an_operation_undoes_all_of_it() {
    let (stage, journal, token) = Stage::journalled();
    let before = (stage.all_rows(), stage.ask("GET", ME, &token, &Value::Null));
    for case in cases() {
        for failing in [case.before, case.after] {
            journal.let_fail(failing);
            journal.take();
            is_refused(&case.send(&stage, &token), 409, failing);
            assert_eq!(journal.take().last(), Some(&case.error), "{failing}");
            journal.let_fail("");
            let now = stage.ask("GET", ME, &token, &Value::Null);
            assert_eq!((stage.all_rows(), now), before, "{failing}");
        }
    }
    assert_eq!(stage.log_in(PASSWORD).0, 200);
    is_refused(&stage.log_in(OTHER_PASSWORD), 401, "IncorrectCredentials");
}

#[test]
fn an_error_interceptor_may_replace_the_error() {
    let (stage, journal, token) = Stage::journalled();
    let asked = stage.all_rows();
    for case in cases() {
        journal.let_fail(case.error);
        let broken = Case { query: "?x=1", ..case };
        is_refused(&broken.send(&stage, &token), 409, broken.error);
    }
    assert_eq!(stage.all_rows(), asked);
}

#[test]
fn an_error_interceptor_may_change_the_error_it_is_given() {
    let stage = Stage::with(|auth| {
        auth.on_login_error(async |_: &mut Context<'_>, error: &mut ApiError| -> Result<(), ApiError> {
            *error = ApiError::new(error.status(), format!("{}Again", error.code()), "No");
            Ok(())
        });
    });
    is_refused(&stage.log_in(PASSWORD), 401, "IncorrectCredentialsAgain");
}

#[test]
fn for_a_refused_caller_no_interceptor_of_the_operation_runs() {
    let (stage, journal, token) = Stage::journalled();
    let rows = stage.all_rows();
    for case in cases().iter().filter(|case| !matches!(case.before, "before_signup" | "before_login")) {
        is_refused(&case.send(&stage, ""), 401, "LoginRequired");
        assert_eq!(journal.take(), let_in_and(&["on_authorize_error"]), "{}", case.before);
        is_refused(&case.send(&stage, "nonsense"), 401, "InvalidToken");
        assert_eq!(journal.take(), ["before_authenticate", "on_authenticate_error"], "{}", case.before);
    }
    assert_eq!(stage.all_rows(), rows);
    assert_eq!(stage.ask("GET", ME, &token, &Value::Null).0, 200);
}

#[test]
fn an_error_in_one_of_the_two_stages_refuses_the_request() {
    let (stage, journal, token) = Stage::journalled();
    for (failing, ran) in [
        ("before_authenticate", vec!["before_authenticate"]),
        ("after_authenticate", LET_IN.to_vec()),
        ("before_authorize", let_in_and(&["before_authorize", "on_authorize_error"])),
        ("after_authorize", let_in_and(&["before_authorize", "after_authorize", "on_authorize_error"])),
    ] {
        journal.let_fail(failing);
        is_refused(&stage.ask("GET", "/api/tags", &token, &Value::Null), 409, failing);
        assert_eq!(journal.take(), ran);
        let post = json!({ "title": "A title", "content": "…" });
        is_refused(&stage.ask("POST", "/api/posts", &token, &post), 409, failing);
        assert_eq!(journal.take(), ran);
        assert_eq!(stage.rows("posts"), 0, "{failing}");
    }
    journal.let_fail("on_authenticate_error");
    is_refused(&stage.ask("GET", "/api/tags", "nonsense", &Value::Null), 409, "on_authenticate_error");
    journal.let_fail("on_authorize_error");
    is_refused(&stage.ask("GET", ME, "", &Value::Null), 409, "on_authorize_error");
    is_refused(&stage.ask("POST", "/api/tags", &token, &json!({ "name": "x" })), 409, "on_authorize_error");
}

/// Whoever sends `X-Account` is that account.
fn by_header(auth: &mut AuthHooks<User>) {
    auth.before_authenticate(async |ctx: &mut Context<'_>, asked: &mut Authentication| -> Result<(), ApiError> {
        if let Some(account) = ctx.header("X-Account").and_then(|text| uuid::Uuid::try_parse(text).ok()) {
            asked.principal = Some(ctx.identify(account).await?);
        }
        Ok(())
    });
}

#[test]
fn an_interceptor_may_say_who_asks() {
    let stage = Stage::with(by_header);
    let id = stage.sign_up()["data"]["id"].as_str().expect("an id").to_owned();
    let me = |headers: &[(&str, &str)]| stage.ask_with("GET", ME, headers, &Value::Null);
    assert_eq!(me(&[("X-Account", &id)]).1["data"]["id"], id);
    let with_a_bad_token = me(&[("X-Account", &id), ("Authorization", "Bearer nonsense")]);
    assert_eq!(with_a_bad_token.0, 200, "the credential is not looked at: {}", with_a_bad_token.1);
    is_refused(&me(&[]), 401, "LoginRequired");
    is_refused(&me(&[("X-Account", &uuid::Uuid::now_v7().to_string())]), 401, "UserNoLongerExists");
    assert_eq!(stage.ask_with("DELETE", "/api/auth/logout", &[("X-Account", &id)], &Value::Null).0, 204);
    let change = passwords(PASSWORD, OTHER_PASSWORD);
    let changed = stage.ask_with("POST", "/api/auth/update-password", &[("X-Account", &id)], &change);
    is_refused(&changed, 401, "LoginRequired");
    assert_eq!(stage.log_in(PASSWORD).0, 200, "without a log-in there is no token to go on with");
}

#[test]
fn an_interceptor_may_let_a_bad_token_go_on_as_a_guest() {
    let stage = Stage::with(|auth| {
        auth.on_authenticate_error(
            async |_: &mut Context<'_>, failure: &mut AuthenticationFailure| -> Result<(), ApiError> {
                failure.principal = Some(Principal::Anonymous);
                Ok(())
            },
        );
    });
    assert_eq!(stage.ask("GET", "/api/tags", "nonsense", &Value::Null).0, 200);
    is_refused(&stage.ask("GET", ME, "nonsense", &Value::Null), 401, "LoginRequired");
    is_refused(&stage.ask("POST", "/api/tags", "nonsense", &json!({ "name": "x" })), 401, "LoginRequired");
    let strict = Stage::with(|_| {});
    is_refused(&strict.ask("GET", "/api/tags", "nonsense", &Value::Null), 401, "InvalidToken");
}

#[test]
fn an_interceptor_may_take_the_caller_away() {
    let stage = Stage::with(|auth| {
        auth.after_authenticate(async |_: &mut Context<'_>, who: &mut Principal| -> Result<(), ApiError> {
            *who = Principal::Anonymous;
            Ok(())
        });
    });
    stage.sign_up();
    is_refused(&stage.ask("GET", ME, &stage.token(PASSWORD), &Value::Null), 401, "LoginRequired");
}

#[test]
fn interceptors_may_change_what_is_written_and_what_is_answered() {
    let stage = Stage::with(|auth| {
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
    assert_eq!(stage.sign_up()["data"]["bio"], "Shown");
    let (status, reply) = stage.ask("POST", "/api/auth/login", "", &credentials("ada+mobile@example.com", PASSWORD));
    assert_eq!((status, &reply["data"]["bio"]), (200, &json!("Stored")), "{reply}");
}
