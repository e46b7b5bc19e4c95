//! An account that gets another e-mail address: whoever receives its mail can become it.

use serde_json::{Value, json};

use super::mail::{reset, token};
use super::stage::{HOUR, SECOND, Stage};
use super::{NEW, Visitor, is_done, log_in, refused, register, try_log_in};
use crate::harness::PASSWORD;

/// An account whose address is verified, after so many mails.
fn verified(stage: &Stage, name: &str, mails: usize) -> Visitor {
    let ada = register(stage, name);
    let reply = stage.post("/auth/verify-email", json!({ "token": token(&stage.mail(mails)) }));
    is_done(&reply, "Email verified successfully");
    ada
}

fn super_user(stage: &Stage) -> Visitor {
    let root = register(stage, "root");
    stage.run(&format!("UPDATE users SET is_super_user = true WHERE email = '{}'", root.email));
    log_in(stage, &root.email)
}

fn row(stage: &Stage, of: &Visitor) -> (String, bool) {
    let value = |column: &str| format!("SELECT {column} FROM users WHERE email LIKE '%{}'", of.email);
    (stage.value(&value("email")), stage.value(&value("is_email_verified")))
}

#[test]
fn a_new_address_is_not_verified_and_the_old_one_is_told() {
    let stage = Stage::new();
    let ada = verified(&stage, "ada", 1);
    stage.post("/auth/forgot-password", json!({ "identifier": ada.email })).succeeds(200);
    let old_link = token(&stage.mail(2));
    let new = format!("new-{}", ada.email);
    let changed = ada.patch("/api/users/me", json!({ "email": new })).succeeds(200);
    assert_eq!((&changed["data"]["email"], &changed["data"]["isEmailVerified"]), (&json!(new), &json!(false)));
    assert_eq!(stage.mails(), 4);
    let told = stage.wait_for_mails(4);
    let to_old = told[2..].iter().find(|mail| mail.to == ada.email).expect("a mail to the old address");
    assert!(to_old.subject.contains("changed") && to_old.text.contains(&new), "{to_old:?}");
    let to_new = told[2..].iter().find(|mail| mail.to == new).expect("a mail to the new address");
    refused(reset(&stage, &old_link, NEW), 400, "TOKEN_INVALID");
    is_done(&stage.post("/auth/verify-email", json!({ "token": token(to_new) })), "Email verified successfully");
    assert_eq!(row(&stage, &ada), (new.clone(), true));
    try_log_in(&stage, &new, PASSWORD).succeeds(200);
    refused(try_log_in(&stage, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
}

#[test]
fn the_same_address_again_changes_nothing() {
    let stage = Stage::new();
    let ada = verified(&stage, "ada", 1);
    for email in [ada.email.clone(), ada.email.to_uppercase(), format!(" {} ", ada.email)] {
        ada.patch("/api/users/me", json!({ "email": email, "bio": email })).succeeds(200);
        assert_eq!(row(&stage, &ada), (ada.email.clone(), true));
    }
    assert_eq!(stage.mails(), 1);
}

#[test]
fn an_address_that_another_account_has_is_not_taken_and_nobody_is_mailed() {
    let stage = Stage::new();
    let (ada, bob) = (verified(&stage, "ada", 1), verified(&stage, "bob", 2));
    let taken = ada.patch("/api/users/me", json!({ "email": bob.email }));
    taken.expect(409, "UserEmailUniqueConstraint");
    assert_eq!(row(&stage, &ada), (ada.email.clone(), true));
    assert_eq!((stage.mails(), stage.rows("gable_tokens WHERE used_at IS NULL")), (2, 0));
}

#[test]
fn a_link_for_the_old_address_does_not_verify_the_new_one() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let for_old = token(&stage.mail(1));
    ada.patch("/api/users/me", json!({ "email": format!("new-{}", ada.email) })).succeeds(200);
    refused(stage.post("/auth/verify-email", json!({ "token": for_old })), 400, "TOKEN_INVALID");
    assert_eq!(row(&stage, &ada), (format!("new-{}", ada.email), false));
}

/// Somebody who may update accounts, and no more than that beside the default role.
fn clerk(stage: &Stage, root: &Visitor) -> Visitor {
    let clerk = register(stage, "clerk");
    let permissions = ["Update", "View"].map(|action| {
        let found = root.get(&format!("/api/auth-permissions?resource=user&action={action}")).succeeds(200);
        json!({ "id": found["data"][0]["id"] })
    });
    let role = root.post("/api/auth-roles", json!({ "name": "Clerk", "permissions": permissions })).succeeds(201).id();
    root.post("/api/user-roles", json!({ "user": { "id": clerk.id }, "role": { "id": role } })).succeeds(201);
    clerk
}

#[test]
fn nobody_moves_the_mail_of_an_account_that_holds_more_than_they_do() {
    let stage = Stage::new();
    let root = super_user(&stage);
    let clerk = clerk(&stage, &root);
    let (editor, author) = (register(&stage, "editor"), register(&stage, "author"));
    let role = root.get("/api/auth-roles?name=Editor").succeeds(200)["data"][0]["id"].clone();
    let assignment: Value = json!({ "user": { "id": editor.id }, "role": { "id": role } });
    root.post("/api/user-roles", assignment).succeeds(201);
    let move_mail = |account: &Visitor| {
        let body = json!({ "email": format!("mine-{}", account.email) });
        clerk.patch(&format!("/api/users/{}", account.id), body)
    };
    for more in [&editor, &root] {
        let before = (row(&stage, more), stage.mails());
        let reply = move_mail(more);
        assert!(matches!(reply["code"].as_str(), Some("CannotGrant" | "NotEnoughPermissions")), "{reply:?}");
        assert_eq!(reply.status, 403, "{reply:?}");
        assert_eq!((row(&stage, more), stage.mails()), before);
    }
    move_mail(&editor).expect(403, "CannotGrant");
    move_mail(&author).succeeds(200);
    assert_eq!(row(&stage, &author), (format!("mine-{}", author.email), false));
}

#[test]
fn an_account_has_mail_sent_to_five_new_addresses_an_hour_and_no_more() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let change = |number: usize| ada.patch("/api/users/me", json!({ "email": format!("{number}-{}", ada.email) }));
    (1..=5).for_each(|number| drop(change(number).succeeds(200)));
    let refusal = change(6).expect(429, "TooManyRequests");
    assert_eq!(refusal.header("Retry-After"), Some("3600"));
    assert_eq!(row(&stage, &ada).0, format!("5-{}", ada.email));
    stage.clock.advance(HOUR + SECOND);
    let later = log_in(&stage, &format!("5-{}", ada.email));
    later.patch("/api/users/me", json!({ "email": format!("6-{}", ada.email) })).succeeds(200);
}
