//! Verifying an address by the link in a mail, and the redirect of the browser that opens it.

use std::time::Duration;

use serde_json::json;

use super::pair::{
    CHANGE_EMAIL, LOCAL, ME, NEW, Pair, RESEND, VERIFY, address, answers_with, credentials, log_in, refused,
    refused_for, sign_up,
};
use super::start;
use crate::harness::{
    APP, InProcess, PASSWORD, Reply, VerificationRequired, WELCOME, WithRedirects, at_once, link_in, statuses, token_in,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const SENT: &str = "Verification email sent";

fn open(app: &InProcess, token: &str) -> Reply {
    app.get(&format!("{VERIFY}/{token}"))
}

fn resend(app: &InProcess, email: &str) -> Reply {
    app.post(RESEND, json!({ "email": email }))
}

/// The token of the mail that a sign-up sends.
#[track_caller]
fn first_token(app: &InProcess, email: &str) -> String {
    token_in(&app.mails_to(email, 1)[0])
}

#[track_caller]
fn is_verified(app: &InProcess, pair: &Pair, expected: bool) {
    let counted = "SELECT count(*) FROM users WHERE is_email_verified AND id = $1";
    assert_eq!(app.number_of(counted, &pair.user) == 1, expected);
}

#[test]
fn the_link_of_the_first_mail_verifies_the_address_once_however_often_it_is_opened() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let link = link_in(&app.mails_to(&ada.email, 1)[0]);
    let path = link.strip_prefix(&app.url()).unwrap_or_else(|| panic!("a link to the application, not {link}"));
    is_verified(&app, &ada, false);
    answers_with(&app.get(path), "Email verified");
    is_verified(&app, &ada, true);
    assert_eq!(ada.bearer().get(ME).succeeds(200)["data"]["isEmailVerified"], true);
    answers_with(&app.get(path), "Email verified");
    assert_eq!(app.events("email_verified", &ada.user), 1, "opened again, it changes nothing");
    ada.renewed().access_is_accepted();
}

#[test]
fn a_link_that_was_never_sent_verifies_nobody() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    let forged =
        ["nonsense", "%00", "%2e%2e", "%FF", "..%2f..", "%0d%0aSet-Cookie:%20x=1", &token[1..], &"A".repeat(54)];
    for forged in forged {
        refused(&open(&app, forged), 404, "NOT_FOUND");
    }
    refused(&open(&app, &format!("{token}A")), 404, "NOT_FOUND");
    refused(&open(&app, &token.to_lowercase()), 404, "NOT_FOUND");
    is_verified(&app, &ada, false);
    answers_with(&open(&app, &token), "Email verified");
}

#[test]
fn a_link_holds_for_a_day() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let (late, early) = (first_token(&app, &ada.email), first_token(&app, &bob.email));
    app.clock.advance(24 * HOUR - SECOND);
    answers_with(&open(&app, &early), "Email verified");
    app.clock.advance(SECOND);
    refused(&open(&app, &late), 404, "NOT_FOUND");
    is_verified(&app, &ada, false);
}

#[test]
fn of_many_parallel_openings_of_a_link_one_verifies() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    assert_eq!(statuses(&at_once(6, |_| open(&app, &token))), [(200, 6)]);
    is_verified(&app, &ada, true);
    assert_eq!(app.events("email_verified", &ada.user), 1);
}

#[test]
fn a_link_that_was_opened_is_void_once_its_day_is_over_or_its_address_is_not_the_accounts() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let (of_ada, of_bob) = (first_token(&app, &ada.email), first_token(&app, &bob.email));
    answers_with(&open(&app, &of_ada), "Email verified");
    answers_with(&open(&app, &of_bob), "Email verified");
    ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("ada") })).succeeds(200);
    refused(&open(&app, &of_ada), 404, "NOT_FOUND");
    is_verified(&app, &ada, false);
    app.change_account("UPDATE users SET is_active = FALSE WHERE id = $1", &bob.user);
    refused(&open(&app, &of_bob), 404, "NOT_FOUND");
    app.change_account("UPDATE users SET is_active = TRUE WHERE id = $1", &bob.user);
    app.change_account("UPDATE users SET is_email_verified = FALSE WHERE id = $1", &bob.user);
    refused(&open(&app, &of_bob), 404, "NOT_FOUND");
    is_verified(&app, &bob, false);
    app.change_account("UPDATE users SET is_email_verified = TRUE WHERE id = $1", &bob.user);
    app.clock.advance(24 * HOUR - SECOND);
    answers_with(&open(&app, &of_bob), "Email verified");
    app.clock.advance(SECOND);
    refused(&open(&app, &of_bob), 404, "NOT_FOUND");
}

#[test]
fn a_new_account_may_say_where_the_link_of_its_mail_leads() {
    let app = start::<WithRedirects>();
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let email = address("mallory");
        let mut body = credentials(&email, PASSWORD);
        body["redirectUri"] = json!(uri);
        refused_for(&app.post(NEW, body), &["redirectUri"]);
        assert_eq!(app.rows(&format!("users WHERE email = '{email}'")), 0, "{uri}");
    }
    let mut body = credentials(&address("mallory"), PASSWORD);
    body["redirectUri"] = json!([APP]);
    refused_for(&app.post(NEW, body), &["redirectUri"]);
    let email = address("ada");
    let mut body = credentials(&email, PASSWORD);
    body["redirectUri"] = json!(APP);
    app.post(NEW, body).succeeds(200);
    let link = link_in(&app.mails_to(&email, 1)[0]);
    let path = link.strip_prefix(&app.url()).expect("a link to the application");
    for _ in 0..2 {
        assert_eq!(app.get(path).succeeds(302).header("Location"), Some(APP));
    }
}

#[test]
fn a_head_request_is_refused_and_does_not_use_up_a_link() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    let reply = app.request("HEAD", &format!("{VERIFY}/{token}")).send();
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("GET")));
    is_verified(&app, &ada, false);
    answers_with(&open(&app, &token), "Email verified");
}

#[test]
fn the_link_of_an_account_that_was_suspended_meanwhile_is_refused() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    app.change_account("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    refused(&open(&app, &token), 404, "NOT_FOUND");
    is_verified(&app, &ada, false);
    app.change_account("UPDATE users SET is_active = TRUE WHERE id = $1", &ada.user);
    answers_with(&open(&app, &token), "Email verified");
}

#[test]
fn another_mail_is_sent_after_a_minute_and_the_link_before_it_is_void() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let first = first_token(&app, &ada.email);
    app.clock.advance(59 * SECOND);
    answers_with(&resend(&app, &ada.email), SENT);
    assert_eq!(app.mails(), 1, "a minute is not over");
    app.clock.advance(SECOND);
    answers_with(&resend(&app, &ada.email), SENT);
    let second = token_in(&app.mails_to(&ada.email, 2)[1]);
    refused(&open(&app, &first), 404, "NOT_FOUND");
    is_verified(&app, &ada, false);
    answers_with(&open(&app, &second), "Email verified");
}

#[test]
fn many_who_ask_at_once_are_sent_one_mail() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    app.mails_to(&ada.email, 1);
    app.clock.advance(61 * SECOND);
    let replies = at_once(6, |_| resend(&app, &ada.email));
    assert_eq!(statuses(&replies), [(200, 6)]);
    assert_eq!((app.mails(), app.rows("gable_tokens")), (2, 1));
}

#[test]
fn known_unknown_and_verified_addresses_are_answered_alike() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    answers_with(&open(&app, &first_token(&app, &bob.email)), "Email verified");
    app.clock.advance(61 * SECOND);
    let mails = app.mails();
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    let known = resend(&app, &ada.email);
    assert_eq!(app.mails(), mails + 1);
    for other in [&*bob.email, &address("nobody"), &ada.email, "nonsense", "a@b\r\nBcc: eve@example.com"] {
        let reply = resend(&app, other);
        assert_eq!((reply.status, &reply.bytes), (known.status, &known.bytes), "{other}");
        assert_eq!(reply.headers_but(&changing), known.headers_but(&changing), "{other}");
    }
    assert_eq!(app.mails(), mails + 1);
}

#[test]
fn where_addresses_must_be_verified_nobody_logs_in_before() {
    let app = start::<VerificationRequired>();
    let email = address("ada");
    app.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    refused(&app.post(LOCAL, credentials(&email, "Wrong-1234")), 401, "UNAUTHORIZED");
    refused(&app.post(LOCAL, credentials(&email, PASSWORD)), 403, "FORBIDDEN");
    assert_eq!(app.rows("gable_grants"), 0);
    answers_with(&open(&app, &first_token(&app, &email)), "Email verified");
    log_in(&app, &email, PASSWORD).access_is_accepted();
}

fn encoded(uri: &str) -> String {
    uri.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_browser_is_sent_to_the_first_page_that_the_application_names() {
    let app = start::<WithRedirects>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    let reply = open(&app, &token).succeeds(302);
    assert_eq!((reply.header("Location"), reply.header("Referrer-Policy")), (Some(WELCOME), Some("no-referrer")));
    is_verified(&app, &ada, true);
    assert_eq!(open(&app, &token).succeeds(302).header("Location"), Some(WELCOME), "opened again");
    assert_eq!(app.events("email_verified", &ada.user), 1);
}

#[test]
fn a_browser_is_sent_to_another_page_that_the_application_names() {
    let app = start::<WithRedirects>();
    for (uri, written) in [(APP, encoded(APP)), (WELCOME, encoded(WELCOME)), (APP, APP.to_owned())] {
        let ada = sign_up(&app, "ada");
        let reply = open(&app, &format!("{}?redirectUri={written}", first_token(&app, &ada.email))).succeeds(302);
        assert_eq!(reply.header("Location"), Some(uri));
        is_verified(&app, &ada, true);
    }
}

/// URIs that are similar to a permitted one.
pub(super) fn elsewhere() -> Vec<String> {
    let bare = "https://app.example.com/welcome";
    let mut tries: Vec<String> = [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com",
        "https://app.example.com.evil.example/welcome?from=mail",
        "https://app.example.com@evil.example/welcome?from=mail",
        "https://evil.example/https://app.example.com/welcome?from=mail",
        "https://evil.example#https://app.example.com/welcome?from=mail",
        "https://APP.example.com/welcome?from=mail",
        "HTTPS://app.example.com/welcome?from=mail",
        "http://app.example.com/welcome?from=mail",
        "https://app.example.com:443/welcome?from=mail",
        "https://app.example.com/welcome/?from=mail",
        "https://app.example.com/welcome/../x?from=mail",
        "gazette://verified/",
        "gazette://verified/../x",
        "gazette:verified",
        "",
    ]
    .map(str::to_owned)
    .into();
    tries.extend([bare.to_owned(), format!("{bare}/"), format!("{WELCOME}/"), format!("{WELCOME}&x=1")]);
    tries.extend([format!("{WELCOME}#x"), format!(" {WELCOME}"), format!("{WELCOME}\t"), format!("{WELCOME}\0")]);
    tries.extend([format!("{WELCOME}\r\nSet-Cookie: x=1"), encoded(WELCOME), WELCOME.replace('/', "\\")]);
    tries
}

#[test]
fn a_browser_is_sent_nowhere_else_and_nothing_is_verified() {
    let app = start::<WithRedirects>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    for uri in elsewhere() {
        let reply = open(&app, &format!("{token}?redirectUri={}", encoded(&uri)));
        assert_eq!((reply.status, reply.header("Location")), (400, None), "{uri}");
        refused_for(&reply, &["redirectUri"]);
        is_verified(&app, &ada, false);
    }
    let evil = encoded("https://evil.example");
    for query in [
        format!("redirectUri={}&redirectUri={evil}", encoded(WELCOME)),
        format!("redirectUri={evil}&redirectUri={}", encoded(WELCOME)),
        format!("redirecturi={evil}"),
        format!("redirect_uri={evil}"),
        format!("redirectUri={}&next={evil}", encoded(WELCOME)),
    ] {
        let reply = open(&app, &format!("{token}?{query}"));
        assert_eq!((reply.status, reply.header("Location")), (400, None), "{query}");
        is_verified(&app, &ada, false);
    }
    open(&app, &token).succeeds(302);
    is_verified(&app, &ada, true);
}

#[test]
fn a_mail_leads_to_the_page_that_was_asked_for_or_is_not_sent() {
    let app = start::<WithRedirects>();
    let ada = sign_up(&app, "ada");
    app.clock.advance(61 * SECOND);
    let mails = app.mails();
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let reply = app.post(RESEND, json!({ "email": ada.email, "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
    }
    assert_eq!(app.mails(), mails);
    answers_with(&app.post(RESEND, json!({ "email": ada.email, "redirectUri": APP })), SENT);
    let link = link_in(&app.mails_to(&ada.email, 2)[1]);
    let path = link.strip_prefix(&app.url()).expect("a link to the application");
    assert_eq!(app.get(path).succeeds(302).header("Location"), Some(APP));
    is_verified(&app, &ada, true);
}

#[test]
fn where_no_page_is_named_every_redirect_is_refused() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = first_token(&app, &ada.email);
    for uri in [WELCOME, APP, &app.url(), "/", "https://evil.example"] {
        refused_for(&open(&app, &format!("{token}?redirectUri={}", encoded(uri))), &["redirectUri"]);
        refused_for(&app.post(RESEND, json!({ "email": ada.email, "redirectUri": uri })), &["redirectUri"]);
    }
    is_verified(&app, &ada, false);
    answers_with(&open(&app, &token), "Email verified");
}
