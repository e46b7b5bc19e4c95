//! Forgotten passwords: the stages that all surfaces have in common, from the request for a mail to the new password.
//! Each surface runs them through its own wire format, `PasswordRecovery`.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Client, InProcess, Installation, PASSWORD, Reply, at_once, statuses, token_in};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

const NEW: &str = "Another-Horse-7";
const THIRD: &str = "Third-Horse-7";
const WRONG: &str = "Wrong-Horse-7";

/// Headers that differ from answer to answer. The order of the exposed headers is not fixed.
const CHANGING: [&str; 3] = ["date", "x-request-id", "access-control-expose-headers"];

/// The requests of a surface, and the form of its answers.
pub(crate) trait PasswordRecovery: Sync {
    /// Makes an account with `PASSWORD` and logs it in. The application mails it a link to verify its address.
    fn sign_up(&self, app: &InProcess, name: &str) -> LoggedIn;
    fn log_in(&self, app: &InProcess, email: &str, password: &str) -> Reply;
    fn change_password(&self, account: &LoggedIn, new: &str) -> Reply;
    fn forgot(&self, app: &InProcess, email: &str) -> Reply;
    fn reset(&self, app: &InProcess, token: &str, password: &str) -> Reply;
    /// Verifies an address by a mailed token.
    fn verify(&self, app: &InProcess, token: &str) -> Reply;
    /// Asserts the answer to every request for a mail.
    fn mailed(&self, reply: &Reply);
    /// Asserts the answer to a new password.
    fn done(&self, reply: &Reply);
    fn refused(&self, reply: Reply, refusal: Refusal);
    /// Whether an answer refuses the new password, and nothing else.
    fn refuses_password(&self, reply: &Reply) -> bool;
}

/// The ways in which a surface refuses a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    InvalidToken,
    ExpiredToken,
    InvalidVerification,
    WrongPassword,
    Locked,
}

/// An account that is logged in.
pub(crate) struct LoggedIn {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) email: String,
    /// The secrets of the log-in, as texts.
    pub(crate) credentials: Vec<String>,
}

impl LoggedIn {
    #[track_caller]
    fn is_accepted(&self) {
        assert_eq!(self.client.get("/api/users/me").succeeds(200)["data"]["id"], self.id.as_str());
    }

    #[track_caller]
    fn is_refused(&self) {
        assert_eq!(self.client.get("/api/users/me").status, 401);
        assert_eq!(self.client.post("/api/posts", json!({ "title": "Not any more", "content": "…" })).status, 401);
    }
}

/// An account that forgot its password, in an application whose clock is stopped.
struct Forgetful<'s> {
    surface: &'s dyn PasswordRecovery,
    app: InProcess,
    ada: LoggedIn,
    /// The token of the mailed link.
    token: String,
}

impl<'s> Forgetful<'s> {
    fn new(surface: &'s dyn PasswordRecovery) -> Self {
        // Few connections, so that parallel requests wait for one.
        let installation = Installation::new().with_stopped_clock().with("GABLE_DATABASE_CONNECTIONS", "4");
        let app = installation.start::<api::Api>(|_| {});
        let ada = surface.sign_up(&app, "ada");
        app.mails_to(&ada.email, 1);
        surface.mailed(&surface.forgot(&app, &ada.email));
        let mail = app.mail(2);
        assert_eq!((&mail.to, mail.subject.as_str()), (&ada.email, "Choose a new password for Gazette"));
        let token = token_in(&mail);
        Self { surface, app, ada, token }
    }

    fn reset(&self, token: &str, password: &str) -> Reply {
        self.surface.reset(&self.app, token, password)
    }

    #[track_caller]
    fn is_void(&self, token: &str) {
        self.surface.refused(self.reset(token, THIRD), Refusal::InvalidToken);
    }

    #[track_caller]
    fn sets(&self, password: &str) {
        self.surface.done(&self.reset(&self.token, password));
    }

    /// Requests another mail, which must be the `nth` of the application, and returns its token.
    #[track_caller]
    fn forgot_again(&self, nth: usize) -> String {
        self.surface.mailed(&self.surface.forgot(&self.app, &self.ada.email));
        token_in(&self.app.mail(nth))
    }

    #[track_caller]
    fn logs_in(&self, right: &str, wrong: &str) {
        self.surface.refused(self.surface.log_in(&self.app, &self.ada.email, wrong), Refusal::WrongPassword);
        self.surface.log_in(&self.app, &self.ada.email, right).succeeds(200);
    }
}

/// Makes a test of each stage, for one surface.
macro_rules! stages {
    ($surface:expr) => {
        crate::forgotten_password::stages! { $surface;
            known_and_unknown_accounts_get_the_same_answer_and_only_the_known_one_gets_a_mail
            a_link_sets_a_new_password_once_and_ends_every_log_in
            a_password_that_violates_the_policy_does_not_use_up_the_link
            the_current_password_is_refused_and_keeps_the_link_and_every_log_in
            a_link_is_good_for_one_guess_at_the_current_password
            a_link_used_many_times_at_once_works_once
            a_newer_link_voids_the_older
            a_link_is_over_after_an_hour
            a_token_that_was_never_mailed_is_refused
            a_link_to_verify_an_address_sets_no_password_and_the_other_way_round
            a_new_password_by_mail_unlocks_an_account
            a_changed_password_voids_the_link
            five_mails_an_hour_are_sent_and_no_more
            many_requests_at_once_cause_no_more_than_five_mails_and_one_link_that_works
            a_suspended_or_deleted_account_is_mailed_nothing_and_cannot_reset_its_password
        }
    };
    ($surface:expr; $($stage:ident)*) => {
        $(
            #[test]
            fn $stage() {
                crate::forgotten_password::$stage(&$surface);
            }
        )*
    };
}
pub(crate) use stages;

pub(crate) fn known_and_unknown_accounts_get_the_same_answer_and_only_the_known_one_gets_a_mail(
    surface: &dyn PasswordRecovery,
) {
    let Forgetful { app, ada, .. } = Forgetful::new(surface);
    let known = surface.forgot(&app, &ada.email);
    let before = (app.mails(), app.rows("gable_tokens"));
    assert_eq!(before.0, 3);
    let long = "x".repeat(500);
    let unknown = ["nobody@example.com", "nobody", "no address @", "a@b\r\nBcc: eve@example.com", "' OR 1=1 --", "%"];
    for unknown in unknown.into_iter().chain(["\u{1F600}", &long]) {
        let reply = surface.forgot(&app, unknown);
        assert_eq!((reply.status, &reply.bytes), (known.status, &known.bytes), "{unknown}");
        assert_eq!(reply.headers_but(&CHANGING), known.headers_but(&CHANGING), "{unknown}");
    }
    assert_eq!((app.mails(), app.rows("gable_tokens")), before);
}

pub(crate) fn a_link_sets_a_new_password_once_and_ends_every_log_in(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let (app, ada) = (&case.app, &case.ada);
    let bob = surface.sign_up(app, "bob");
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let jwt = app.post("/api/auth/login", body.clone()).succeeds(200)["token"].clone();
    let pair = app.post("/authentication/local", body).succeeds(200);
    let session = app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let cookie = session.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a session");
    ada.is_accepted();
    case.sets(NEW);
    assert_eq!(app.grants(&ada.id), 0);
    ada.is_refused();
    for token in [&jwt, &pair["accessToken"]] {
        app.with_token(token.as_str().expect("a token")).get("/api/users/me").succeeds(401);
    }
    let refresh = app.with_token(pair["refreshToken"].as_str().expect("a token"));
    refresh.request("POST", "/authentication/renew").send().succeeds(400);
    app.request("GET", "/auth/me").header("Cookie", cookie).send().succeeds(401);
    bob.is_accepted();
    case.logs_in(NEW, PASSWORD);
    case.is_void(&case.token);
    case.logs_in(NEW, THIRD);
    assert_eq!(app.events("password_reset", &ada.id), 1);
    assert_eq!(app.rows("users WHERE is_email_verified"), 1, "the mail arrived");
}

pub(crate) fn a_password_that_violates_the_policy_does_not_use_up_the_link(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let too_long = format!("A1{}", "é".repeat(36));
    for weak in ["short", "Sh0rt", "alllowercase1", "Password1", &too_long, "A1b2c3d4\u{0}"] {
        let reply = case.reset(&case.token, weak);
        assert!(reply.status == 400 && surface.refuses_password(&reply), "{reply:?}");
    }
    case.ada.is_accepted();
    case.sets(NEW);
}

pub(crate) fn the_current_password_is_refused_and_keeps_the_link_and_every_log_in(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let reply = case.reset(&case.token, PASSWORD);
    assert!(reply.status == 400 && surface.refuses_password(&reply), "{reply:?}");
    case.ada.is_accepted();
    assert_eq!(case.app.events("password_reset", &case.ada.id), 0);
    case.sets(NEW);
    case.ada.is_refused();
    case.is_void(&case.token);
}

pub(crate) fn a_link_is_good_for_one_guess_at_the_current_password(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let guesses: Vec<String> =
        (0..5).map(|number| format!("Guessed-Horse-{number}")).chain([PASSWORD.to_owned()]).collect();
    let replies = at_once(6, |number| case.reset(&case.token, &guesses[number]));
    let violations = replies.iter().filter(|reply| surface.refuses_password(reply)).count();
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(done == 1 && violations <= 1, "{replies:#?}");
}

pub(crate) fn a_link_used_many_times_at_once_works_once(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let new = |number: usize| format!("Racing-Horse-{number}");
    let replies = at_once(6, |number| case.reset(&case.token, &new(number)));
    assert_eq!(statuses(&replies), [(200, 1), (400, 5)]);
    let winner = replies.iter().position(|reply| reply.status == 200).expect("one of them");
    case.logs_in(&new(winner), &new((winner + 1) % 6));
}

pub(crate) fn a_newer_link_voids_the_older(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let newer = case.forgot_again(3);
    assert_ne!(case.token, newer);
    case.is_void(&case.token);
    case.logs_in(PASSWORD, THIRD);
    surface.done(&case.reset(&newer, NEW));
}

pub(crate) fn a_link_is_over_after_an_hour(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    case.app.clock.advance(HOUR + SECOND);
    surface.refused(case.reset(&case.token, NEW), Refusal::ExpiredToken);
    case.is_void(&format!("{}x", case.token));
    case.logs_in(PASSWORD, NEW);
    let newer = case.forgot_again(3);
    case.app.clock.advance(HOUR - MINUTE);
    surface.done(&case.reset(&newer, NEW));
}

pub(crate) fn a_token_that_was_never_mailed_is_refused(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let token = &case.token;
    let last = if token.ends_with('A') { "Q" } else { "A" };
    let cut = [token[..53].to_owned(), token[1..].to_owned(), token.chars().rev().collect()];
    let changed = [format!("{}{last}", &token[..53]), token.to_uppercase(), token.to_lowercase()];
    let lengthened = [format!("{token}A"), format!("{token}="), format!("{token} "), format!(" {token}")];
    let other = ["x".to_owned(), "\u{0}".to_owned(), "' OR 1=1 --".to_owned(), "A".repeat(54), "x".repeat(100_000)];
    let row = case.app.value::<uuid::Uuid>("SELECT id FROM gable_tokens WHERE purpose = 'reset_password'");
    let forged = cut.into_iter().chain(changed).chain(lengthened).chain(other).chain([row.to_string()]);
    for forged in forged.chain(case.ada.credentials.clone()) {
        case.is_void(&forged);
    }
    case.logs_in(PASSWORD, THIRD);
    case.ada.is_accepted();
    case.sets(NEW);
}

pub(crate) fn a_link_to_verify_an_address_sets_no_password_and_the_other_way_round(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    case.is_void(&token_in(&case.app.mails_to(&case.ada.email, 1)[0]));
    surface.refused(surface.verify(&case.app, &case.token), Refusal::InvalidVerification);
    assert_eq!(case.app.rows("users WHERE is_email_verified"), 0);
    case.logs_in(PASSWORD, THIRD);
    case.sets(NEW);
}

pub(crate) fn a_new_password_by_mail_unlocks_an_account(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    (0..5).for_each(|_| drop(surface.log_in(&case.app, &case.ada.email, WRONG)));
    surface.refused(surface.log_in(&case.app, &case.ada.email, PASSWORD), Refusal::Locked);
    case.sets(NEW);
    surface.log_in(&case.app, &case.ada.email, NEW).succeeds(200);
}

pub(crate) fn a_changed_password_voids_the_link(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    surface.change_password(&case.ada, NEW).succeeds(200);
    case.is_void(&case.token);
    case.logs_in(NEW, PASSWORD);
}

pub(crate) fn five_mails_an_hour_are_sent_and_no_more(surface: &dyn PasswordRecovery) {
    let case = Forgetful::new(surface);
    let forgot = || surface.mailed(&surface.forgot(&case.app, &case.ada.email));
    // Waits for each mail, because a newer link cancels an older mail that was not sent yet.
    let tokens: Vec<String> = (3..=6).map(|nth| case.forgot_again(nth)).collect();
    (0..3).for_each(|_| forgot());
    assert_eq!((case.app.mails(), case.app.events("password_reset_mailed", &case.ada.id)), (6, 5));
    case.app.clock.advance(HOUR - MINUTE);
    forgot();
    assert_eq!(case.app.mails(), 6);
    surface.done(&case.reset(&tokens[3], NEW));
    case.app.clock.advance(2 * MINUTE);
    forgot();
    assert_eq!((case.app.mails(), case.app.events("password_reset_mailed", &case.ada.id)), (7, 6));
}

pub(crate) fn many_requests_at_once_cause_no_more_than_five_mails_and_one_link_that_works(
    surface: &dyn PasswordRecovery,
) {
    let case = Forgetful::new(surface);
    assert_eq!(statuses(&at_once(12, |_| surface.forgot(&case.app, &case.ada.email))), [(200, 12)]);
    assert_eq!(case.app.events("password_reset_mailed", &case.ada.id), 5);
    assert_eq!(case.app.rows("gable_tokens WHERE purpose = 'reset_password'"), 1);
}

pub(crate) fn a_suspended_or_deleted_account_is_mailed_nothing_and_cannot_reset_its_password(
    surface: &dyn PasswordRecovery,
) {
    for (state, before) in [
        ("is_active = FALSE", "is_active = TRUE"),
        ("deleted_self_account_at = created_at", "deleted_self_account_at = NULL"),
    ] {
        let case = Forgetful::new(surface);
        let stored = || case.app.value::<String>("SELECT password FROM users");
        let password = stored();
        case.app.change_account(&format!("UPDATE users SET {state} WHERE id = $1"), &case.ada.id);
        surface.mailed(&surface.forgot(&case.app, &case.ada.email));
        assert_eq!(case.app.mails(), 2, "{state}");
        case.is_void(&case.token);
        assert_eq!(stored(), password, "{state}");
        case.app.change_account(&format!("UPDATE users SET {before} WHERE id = $1"), &case.ada.id);
        case.logs_in(PASSWORD, THIRD);
    }
}
