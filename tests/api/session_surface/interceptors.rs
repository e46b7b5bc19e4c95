//! Interceptors of the operations on this surface: their order, the rollback after their errors, and the form of these
//! errors.

use api::User;
use gable::AuthHooks;
use serde_json::{Value, json};

use super::{NEW, Visitor, refused, register, try_log_in};
use crate::harness::{Client, InProcess, Journal, PASSWORD, Reply, record, token_in, unique};

macro_rules! operations {
    ($($operation:ident: $before:ident, $after:ident, $error:ident;)*) => {
        /// The operations of this surface.
        #[derive(Clone, Copy, Debug)]
        enum Operation { $($operation,)* }

        impl Operation {
            const ALL: &[Self] = &[$(Self::$operation,)*];

            fn interceptors(self) -> [&'static str; 3] {
                match self { $(Self::$operation => [stringify!($before), stringify!($after), stringify!($error)],)* }
            }
        }

        fn install(journal: &Journal, auth: &mut AuthHooks<User>) {
            record!(journal, auth, [$($before, $after, $error),*]);
        }
    };
}

operations! {
    Register: before_signup, after_signup, on_signup_error;
    Login: before_login, after_login, on_login_error;
    GetMe: before_get_me, after_get_me, on_get_me_error;
    UpdateMe: before_update_me, after_update_me, on_update_me_error;
    ListSessions: before_list_sessions, after_list_sessions, on_list_sessions_error;
    LoginHistory: before_login_history, after_login_history, on_login_history_error;
    ForgotPassword: before_forgot_password, after_forgot_password, on_forgot_password_error;
    ResendVerification: before_resend_verification, after_resend_verification, on_resend_verification_error;
    VerifyEmail: before_verify_email, after_verify_email, on_verify_email_error;
    RevokeSession: before_revoke_session, after_revoke_session, on_revoke_session_error;
    UpdatePassword: before_update_password, after_update_password, on_update_password_error;
    Logout: before_logout, after_logout, on_logout_error;
    LogoutAll: before_logout_all, after_logout_all, on_logout_all_error;
    ResetPassword: before_reset_password, after_reset_password, on_reset_password_error;
}

/// An application with an account, two of its log-ins, and the tokens that it was mailed.
struct Scene {
    app: InProcess,
    journal: Journal,
    ada: Visitor,
    /// Another log-in of the account, which can be revoked.
    elsewhere: Visitor,
    verification: String,
    reset: String,
}

impl Scene {
    fn new() -> Self {
        let journal = Journal::default();
        let app = InProcess::with(|hooks| install(&journal, &mut hooks.auth));
        let ada = register(&app, "ada");
        let verification = token_in(&app.mail(1));
        app.post("/auth/forgot-password", json!({ "identifier": ada.email })).succeeds(200);
        let reset = token_in(&app.mail(2));
        let elsewhere = super::log_in(&app, &ada.email);
        app.clock.advance(2 * super::MINUTE);
        app.eventually_has_rows("gable_outbox", 0);
        journal.take();
        Self { app, journal, ada, elsewhere, verification, reset }
    }

    /// Sends a valid request for an operation; `client` is logged in.
    fn send(&self, operation: Operation, client: &Client) -> Reply {
        let email = &self.ada.email;
        match operation {
            Operation::Register => {
                let email = format!("{}@example.com", unique("grace"));
                self.app.post("/auth/register", json!({ "email": email, "password": PASSWORD }))
            }
            Operation::Login => try_log_in(&self.app, email, PASSWORD),
            Operation::GetMe => client.get("/auth/me"),
            Operation::UpdateMe => client.patch("/auth/me", json!({ "fullName": unique("Ada") })),
            Operation::ListSessions => client.get("/auth/sessions"),
            Operation::LoginHistory => client.get("/auth/login-history"),
            Operation::ForgotPassword => self.app.post("/auth/forgot-password", json!({ "identifier": email })),
            Operation::ResendVerification => self.app.post("/auth/resend-verification", json!({ "email": email })),
            Operation::VerifyEmail => self.app.post("/auth/verify-email", json!({ "token": self.verification })),
            Operation::RevokeSession => client.delete(&format!("/auth/sessions/{}", self.elsewhere.session())),
            Operation::UpdatePassword => super::change_password(client, PASSWORD, NEW),
            Operation::Logout => client.request("POST", "/auth/logout").send(),
            Operation::LogoutAll => client.request("POST", "/auth/logout-all").send(),
            Operation::ResetPassword => {
                self.app.post("/auth/reset-password", json!({ "token": self.reset, "newPassword": NEW }))
            }
        }
    }

    /// The state of all rows that an operation could write, except for the count of attempts.
    fn rows(&self) -> Value {
        let tables = ["users", "user_roles", "gable_grants", "gable_events", "gable_tokens", "gable_outbox"];
        let counts = tables.map(|table| self.app.rows(table));
        let ada: String = self.app.value(&format!(
            "SELECT password || coalesce(full_name, '') || CAST(is_email_verified AS text) FROM users WHERE email = '{}'",
            self.ada.email
        ));
        json!([counts, ada, self.app.rows("gable_tokens WHERE used_at IS NOT NULL")])
    }
}

#[test]
fn each_operation_runs_its_own_interceptors_in_order() {
    for operation in Operation::ALL {
        let scene = Scene::new();
        let reply = scene.send(*operation, &scene.ada);
        assert!(matches!(reply.status, 200 | 201), "{operation:?}: {reply:?}");
        let [before, after, _] = operation.interceptors();
        assert_eq!(scene.journal.take(), [before, after], "{operation:?}");
    }
}

#[test]
fn an_error_before_or_after_an_operation_undoes_all_of_it_and_keeps_a_code_of_the_surfaces_form() {
    let scene = Scene::new();
    let before = scene.rows();
    for operation in Operation::ALL {
        let [first, last, error] = operation.interceptors();
        for (failing, code, shown) in
            [(first, "TEAM_POLICY_2", "TEAM_POLICY_2"), (last, "TeamPolicy", "CONFLICT"), (last, "", "CONFLICT")]
        {
            scene.journal.fail_with(failing, code);
            let reply = refused(scene.send(*operation, &scene.ada), 409, shown);
            assert_eq!(reply["error"]["message"], "An interceptor objects");
            assert_eq!(reply.header("Set-Cookie"), None, "{operation:?}");
            assert_eq!(scene.journal.take().last(), Some(&error), "{operation:?}");
            assert_eq!(scene.rows(), before, "{failing}");
        }
    }
    scene.journal.succeed();
    scene.ada.get("/auth/me").succeeds(200);
}

#[test]
fn an_error_interceptor_may_replace_the_error() {
    let scene = Scene::new();
    for operation in Operation::ALL {
        let [first, _, error] = operation.interceptors();
        scene.journal.fail_with(error, "REPLACED");
        let reply = match operation {
            Operation::GetMe => scene.ada.get("/auth/me?x=1"),
            Operation::ListSessions => scene.ada.get("/auth/sessions?x=1"),
            Operation::LoginHistory => scene.ada.get("/auth/login-history?x=1"),
            Operation::RevokeSession => scene.ada.delete("/auth/sessions/none"),
            Operation::Logout => scene.ada.request("POST", "/auth/logout?x=1").send(),
            Operation::LogoutAll => scene.ada.request("POST", "/auth/logout-all?x=1").send(),
            Operation::Register => scene.app.post("/auth/register", json!({})),
            Operation::Login => scene.app.post("/auth/login", json!({})),
            Operation::UpdateMe => scene.ada.patch("/auth/me", json!({ "isStaff": true })),
            Operation::UpdatePassword => scene.ada.post("/auth/change-password", json!({})),
            Operation::ForgotPassword => scene.app.post("/auth/forgot-password", json!({})),
            Operation::ResendVerification => scene.app.post("/auth/resend-verification", json!({})),
            Operation::VerifyEmail => scene.app.post("/auth/verify-email", json!({ "token": "x" })),
            Operation::ResetPassword => scene.app.post("/auth/reset-password", json!({})),
        };
        refused(reply, 409, "REPLACED");
        assert!(
            !scene.journal.take().contains(&first),
            "{operation:?}: what is not valid is shown to the last one only"
        );
    }
}

#[test]
fn for_a_refused_caller_no_interceptor_of_the_operation_runs() {
    use Operation::*;
    let scene = Scene::new();
    let before = scene.rows();
    let forged = super::with_sid(&scene.app, &"0".repeat(64));
    for operation in [GetMe, UpdateMe, ListSessions, LoginHistory, RevokeSession, UpdatePassword, Logout, LogoutAll] {
        for client in [&forged, &*scene.app] {
            refused(scene.send(operation, client), 401, "UNAUTHORIZED");
            assert_eq!(scene.journal.take(), Vec::<&str>::new(), "{operation:?}");
        }
    }
    assert_eq!(scene.rows(), before);
}
