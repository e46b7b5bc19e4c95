//! Verifying an address by the link of a mail, and where a browser ends that follows it.

use std::time::Duration;

use serde_json::json;

use super::pair::{
    CHANGE_EMAIL, LOCAL, ME, NEW, Pair, RESEND, VERIFY, address, credentials, link_in, log_in, refused, refused_for,
    says, sign_up, token_in,
};
use super::stage::{APP, Redirecting, Stage, Verifying, WELCOME};
use crate::harness::{PASSWORD, Reply, at_once, statuses};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const SENT: &str = "Verification email sent";

fn open(stage: &Stage, token: &str) -> Reply {
    stage.get(&format!("{VERIFY}/{token}"))
}

fn resend(stage: &Stage, email: &str) -> Reply {
    stage.post(RESEND, json!({ "email": email }))
}

/// The token of the mail that a sign-up sends.
#[track_caller]
fn first_token(stage: &Stage, email: &str) -> String {
    token_in(&stage.mails_to(email, 1)[0])
}

#[track_caller]
fn is_verified(stage: &Stage, pair: &Pair, expected: bool) {
    let counted = "SELECT count(*) FROM users WHERE is_email_verified AND id = $1";
    assert_eq!(stage.number(counted, &pair.user) == 1, expected);
}

#[test]
fn the_link_of_the_first_mail_verifies_the_address_once_however_often_it_is_opened() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let link = link_in(&stage.mails_to(&ada.email, 1)[0]);
    let path = link.strip_prefix(&stage.url()).unwrap_or_else(|| panic!("a link to the application, not {link}"));
    is_verified(&stage, &ada, false);
    says(&stage.get(path), "Email verified");
    is_verified(&stage, &ada, true);
    assert_eq!(ada.bearer().get(ME).succeeds(200)["data"]["isEmailVerified"], true);
    says(&stage.get(path), "Email verified");
    assert_eq!(stage.events("email_verified", &ada.user), 1, "opened again, it changes nothing");
    ada.renewed().access_is_open();
}

#[test]
fn a_link_that_was_never_sent_verifies_nobody() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    let forged =
        ["nonsense", "%00", "%2e%2e", "%FF", "..%2f..", "%0d%0aSet-Cookie:%20x=1", &token[1..], &"A".repeat(54)];
    for forged in forged {
        refused(&open(&stage, forged), 404, "NOT_FOUND");
    }
    refused(&open(&stage, &format!("{token}A")), 404, "NOT_FOUND");
    refused(&open(&stage, &token.to_lowercase()), 404, "NOT_FOUND");
    is_verified(&stage, &ada, false);
    says(&open(&stage, &token), "Email verified");
}

#[test]
fn a_link_holds_for_a_day() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    let (late, early) = (first_token(&stage, &ada.email), first_token(&stage, &bob.email));
    stage.clock.advance(24 * HOUR - SECOND);
    says(&open(&stage, &early), "Email verified");
    stage.clock.advance(SECOND);
    refused(&open(&stage, &late), 404, "NOT_FOUND");
    is_verified(&stage, &ada, false);
}

#[test]
fn of_many_clicks_at_once_one_counts() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    assert_eq!(statuses(&at_once(6, |_| open(&stage, &token))), [(200, 6)]);
    is_verified(&stage, &ada, true);
    assert_eq!(stage.events("email_verified", &ada.user), 1);
}

#[test]
fn a_link_that_was_opened_is_void_once_its_day_is_over_or_its_address_is_not_the_accounts() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    let (of_ada, of_bob) = (first_token(&stage, &ada.email), first_token(&stage, &bob.email));
    says(&open(&stage, &of_ada), "Email verified");
    says(&open(&stage, &of_bob), "Email verified");
    ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("ada") })).succeeds(200);
    refused(&open(&stage, &of_ada), 404, "NOT_FOUND");
    is_verified(&stage, &ada, false);
    stage.change("UPDATE users SET is_active = FALSE WHERE id = $1", &bob.user);
    refused(&open(&stage, &of_bob), 404, "NOT_FOUND");
    stage.change("UPDATE users SET is_active = TRUE WHERE id = $1", &bob.user);
    stage.change("UPDATE users SET is_email_verified = FALSE WHERE id = $1", &bob.user);
    refused(&open(&stage, &of_bob), 404, "NOT_FOUND");
    is_verified(&stage, &bob, false);
    stage.change("UPDATE users SET is_email_verified = TRUE WHERE id = $1", &bob.user);
    stage.clock.advance(24 * HOUR - SECOND);
    says(&open(&stage, &of_bob), "Email verified");
    stage.clock.advance(SECOND);
    refused(&open(&stage, &of_bob), 404, "NOT_FOUND");
}

#[test]
fn a_new_account_may_say_where_the_link_of_its_mail_leads() {
    let stage = Stage::of::<Redirecting>(|_| {});
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let email = address("mallory");
        let mut body = credentials(&email, PASSWORD);
        body["redirectUri"] = json!(uri);
        refused_for(&stage.post(NEW, body), &["redirectUri"]);
        assert_eq!(stage.rows(&format!("users WHERE email = '{email}'")), 0, "{uri}");
    }
    let mut body = credentials(&address("mallory"), PASSWORD);
    body["redirectUri"] = json!([APP]);
    refused_for(&stage.post(NEW, body), &["redirectUri"]);
    let email = address("ada");
    let mut body = credentials(&email, PASSWORD);
    body["redirectUri"] = json!(APP);
    stage.post(NEW, body).succeeds(200);
    let link = link_in(&stage.mails_to(&email, 1)[0]);
    let path = link.strip_prefix(&stage.url()).expect("a link to the application");
    for _ in 0..2 {
        assert_eq!(stage.get(path).succeeds(302).header("Location"), Some(APP));
    }
}

#[test]
fn a_look_at_where_a_link_leads_does_not_spend_it() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    let reply = stage.request("HEAD", &format!("{VERIFY}/{token}")).send();
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("GET")));
    is_verified(&stage, &ada, false);
    says(&open(&stage, &token), "Email verified");
}

#[test]
fn the_link_of_somebody_who_was_suspended_meanwhile_counts_for_nothing() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    stage.change("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    refused(&open(&stage, &token), 404, "NOT_FOUND");
    is_verified(&stage, &ada, false);
    stage.change("UPDATE users SET is_active = TRUE WHERE id = $1", &ada.user);
    says(&open(&stage, &token), "Email verified");
}

#[test]
fn another_mail_is_sent_after_a_minute_and_the_link_before_it_is_void() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let first = first_token(&stage, &ada.email);
    stage.clock.advance(59 * SECOND);
    says(&resend(&stage, &ada.email), SENT);
    assert_eq!(stage.mails(), 1, "a minute is not over");
    stage.clock.advance(SECOND);
    says(&resend(&stage, &ada.email), SENT);
    let second = token_in(&stage.mails_to(&ada.email, 2)[1]);
    refused(&open(&stage, &first), 404, "NOT_FOUND");
    is_verified(&stage, &ada, false);
    says(&open(&stage, &second), "Email verified");
}

#[test]
fn many_who_ask_at_once_are_sent_one_mail() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    stage.mails_to(&ada.email, 1);
    stage.clock.advance(61 * SECOND);
    let replies = at_once(6, |_| resend(&stage, &ada.email));
    assert_eq!(statuses(&replies), [(200, 6)]);
    assert_eq!((stage.mails(), stage.rows("gable_tokens")), (2, 1));
}

#[test]
fn known_unknown_and_verified_addresses_are_answered_alike() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    says(&open(&stage, &first_token(&stage, &bob.email)), "Email verified");
    stage.clock.advance(61 * SECOND);
    let mails = stage.mails();
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    let known = resend(&stage, &ada.email);
    assert_eq!(stage.mails(), mails + 1);
    for other in [&*bob.email, &address("nobody"), &ada.email, "nonsense", "a@b\r\nBcc: eve@example.com"] {
        let reply = resend(&stage, other);
        assert_eq!((reply.status, &reply.bytes), (known.status, &known.bytes), "{other}");
        assert_eq!(reply.headers_but(&changing), known.headers_but(&changing), "{other}");
    }
    assert_eq!(stage.mails(), mails + 1);
}

#[test]
fn where_addresses_must_be_verified_nobody_logs_in_before() {
    let stage = Stage::of::<Verifying>(|_| {});
    let email = address("ada");
    stage.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    refused(&stage.post(LOCAL, credentials(&email, "Wrong-1234")), 401, "UNAUTHORIZED");
    refused(&stage.post(LOCAL, credentials(&email, PASSWORD)), 403, "FORBIDDEN");
    assert_eq!(stage.rows("gable_grants"), 0);
    says(&open(&stage, &first_token(&stage, &email)), "Email verified");
    log_in(&stage, &email, PASSWORD).access_is_open();
}

fn encoded(uri: &str) -> String {
    uri.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_browser_is_sent_to_the_first_page_that_the_application_names() {
    let stage = Stage::of::<Redirecting>(|_| {});
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    let reply = open(&stage, &token).succeeds(302);
    assert_eq!((reply.header("Location"), reply.header("Referrer-Policy")), (Some(WELCOME), Some("no-referrer")));
    is_verified(&stage, &ada, true);
    assert_eq!(open(&stage, &token).succeeds(302).header("Location"), Some(WELCOME), "opened again");
    assert_eq!(stage.events("email_verified", &ada.user), 1);
}

#[test]
fn a_browser_is_sent_to_another_page_that_the_application_names() {
    let stage = Stage::of::<Redirecting>(|_| {});
    for (uri, written) in [(APP, encoded(APP)), (WELCOME, encoded(WELCOME)), (APP, APP.to_owned())] {
        let ada = sign_up(&stage, "ada");
        let reply = open(&stage, &format!("{}?redirectUri={written}", first_token(&stage, &ada.email))).succeeds(302);
        assert_eq!(reply.header("Location"), Some(uri));
        is_verified(&stage, &ada, true);
    }
}

/// Addresses that somebody might take for one that is named.
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
    let stage = Stage::of::<Redirecting>(|_| {});
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    for uri in elsewhere() {
        let reply = open(&stage, &format!("{token}?redirectUri={}", encoded(&uri)));
        assert_eq!((reply.status, reply.header("Location")), (400, None), "{uri}");
        refused_for(&reply, &["redirectUri"]);
        is_verified(&stage, &ada, false);
    }
    let evil = encoded("https://evil.example");
    for query in [
        format!("redirectUri={}&redirectUri={evil}", encoded(WELCOME)),
        format!("redirectUri={evil}&redirectUri={}", encoded(WELCOME)),
        format!("redirecturi={evil}"),
        format!("redirect_uri={evil}"),
        format!("redirectUri={}&next={evil}", encoded(WELCOME)),
    ] {
        let reply = open(&stage, &format!("{token}?{query}"));
        assert_eq!((reply.status, reply.header("Location")), (400, None), "{query}");
        is_verified(&stage, &ada, false);
    }
    open(&stage, &token).succeeds(302);
    is_verified(&stage, &ada, true);
}

#[test]
fn a_mail_leads_to_the_page_that_was_asked_for_or_is_not_sent() {
    let stage = Stage::of::<Redirecting>(|_| {});
    let ada = sign_up(&stage, "ada");
    stage.clock.advance(61 * SECOND);
    let mails = stage.mails();
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let reply = stage.post(RESEND, json!({ "email": ada.email, "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
    }
    assert_eq!(stage.mails(), mails);
    says(&stage.post(RESEND, json!({ "email": ada.email, "redirectUri": APP })), SENT);
    let link = link_in(&stage.mails_to(&ada.email, 2)[1]);
    let path = link.strip_prefix(&stage.url()).expect("a link to the application");
    assert_eq!(stage.get(path).succeeds(302).header("Location"), Some(APP));
    is_verified(&stage, &ada, true);
}

#[test]
fn where_no_page_is_named_every_redirect_is_refused() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = first_token(&stage, &ada.email);
    for uri in [WELCOME, APP, &stage.url(), "/", "https://evil.example"] {
        refused_for(&open(&stage, &format!("{token}?redirectUri={}", encoded(uri))), &["redirectUri"]);
        refused_for(&stage.post(RESEND, json!({ "email": ada.email, "redirectUri": uri })), &["redirectUri"]);
    }
    is_verified(&stage, &ada, false);
    says(&open(&stage, &token), "Email verified");
}
