//! Changing an account's e-mail address, whose mail permits to take over the account.

use serde_json::{Value, json};

use super::forgotten_password::reset;
use super::{HOUR, NEW, SECOND, Visitor, log_in, refused, register, succeeds_with, try_log_in};
use crate::harness::{InProcess, PASSWORD, token_in};

/// Makes an account and verifies its address with the mail number `mails`.
fn verified(app: &InProcess, name: &str, mails: usize) -> Visitor {
    let ada = register(app, name);
    let reply = app.post("/auth/verify-email", json!({ "token": token_in(&app.mail(mails)) }));
    succeeds_with(&reply, "Email verified successfully");
    ada
}

fn super_user(app: &InProcess) -> Visitor {
    let root = register(app, "root");
    app.run(&format!("UPDATE users SET is_super_user = true WHERE email = '{}'", root.email));
    log_in(app, &root.email)
}

fn row(app: &InProcess, of: &Visitor) -> (String, bool) {
    let value = |column: &str| format!("SELECT {column} FROM users WHERE email LIKE '%{}'", of.email);
    (app.value(&value("email")), app.value(&value("is_email_verified")))
}

#[test]
fn a_new_address_is_not_verified_and_the_old_one_is_notified() {
    let app = InProcess::new();
    let ada = verified(&app, "ada", 1);
    app.post("/auth/forgot-password", json!({ "identifier": ada.email })).succeeds(200);
    let old_link = token_in(&app.mail(2));
    let new = format!("new-{}", ada.email);
    let changed = ada.patch("/api/users/me", json!({ "email": new })).succeeds(200);
    assert_eq!((&changed["data"]["email"], &changed["data"]["isEmailVerified"]), (&json!(new), &json!(false)));
    assert_eq!(app.mails(), 4);
    let mails = app.wait_for_mails(4);
    let to_old = mails[2..].iter().find(|mail| mail.to == ada.email).expect("a mail to the old address");
    assert!(to_old.subject.contains("changed") && to_old.text.contains(&new), "{to_old:?}");
    let to_new = mails[2..].iter().find(|mail| mail.to == new).expect("a mail to the new address");
    refused(reset(&app, &old_link, NEW), 400, "TOKEN_INVALID");
    succeeds_with(&app.post("/auth/verify-email", json!({ "token": token_in(to_new) })), "Email verified successfully");
    assert_eq!(row(&app, &ada), (new.clone(), true));
    try_log_in(&app, &new, PASSWORD).succeeds(200);
    refused(try_log_in(&app, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
}

#[test]
fn the_same_address_again_changes_nothing() {
    let app = InProcess::new();
    let ada = verified(&app, "ada", 1);
    for email in [ada.email.clone(), ada.email.to_uppercase(), format!(" {} ", ada.email)] {
        ada.patch("/api/users/me", json!({ "email": email, "bio": email })).succeeds(200);
        assert_eq!(row(&app, &ada), (ada.email.clone(), true));
    }
    assert_eq!(app.mails(), 1);
}

#[test]
fn an_address_that_another_account_has_is_not_taken_and_nobody_is_mailed() {
    let app = InProcess::new();
    let (ada, bob) = (verified(&app, "ada", 1), verified(&app, "bob", 2));
    let taken = ada.patch("/api/users/me", json!({ "email": bob.email }));
    taken.expect(409, "UserEmailUniqueConstraint");
    assert_eq!(row(&app, &ada), (ada.email.clone(), true));
    assert_eq!((app.mails(), app.rows("gable_tokens WHERE used_at IS NULL")), (2, 0));
}

#[test]
fn a_link_for_the_old_address_does_not_verify_the_new_one() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let for_old = token_in(&app.mail(1));
    ada.patch("/api/users/me", json!({ "email": format!("new-{}", ada.email) })).succeeds(200);
    refused(app.post("/auth/verify-email", json!({ "token": for_old })), 400, "TOKEN_INVALID");
    assert_eq!(row(&app, &ada), (format!("new-{}", ada.email), false));
}

/// Makes an account that may update accounts, and has no other permissions than those of the default role.
fn clerk(app: &InProcess, root: &Visitor) -> Visitor {
    let clerk = register(app, "clerk");
    let permissions = ["Update", "View"].map(|action| {
        let found = root.get(&format!("/api/auth-permissions?resource=user&action={action}")).succeeds(200);
        json!({ "id": found["data"][0]["id"] })
    });
    let role = root.post("/api/auth-roles", json!({ "name": "Clerk", "permissions": permissions })).succeeds(201).id();
    root.post("/api/user-roles", json!({ "user": { "id": clerk.id }, "role": { "id": role } })).succeeds(201);
    clerk
}

#[test]
fn the_address_of_an_account_with_more_permissions_cannot_be_changed() {
    let app = InProcess::new();
    let root = super_user(&app);
    let clerk = clerk(&app, &root);
    let (editor, author) = (register(&app, "editor"), register(&app, "author"));
    let role = root.get("/api/auth-roles?name=Editor").succeeds(200)["data"][0]["id"].clone();
    let assignment: Value = json!({ "user": { "id": editor.id }, "role": { "id": role } });
    root.post("/api/user-roles", assignment).succeeds(201);
    let move_mail = |account: &Visitor| {
        let body = json!({ "email": format!("mine-{}", account.email) });
        clerk.patch(&format!("/api/users/{}", account.id), body)
    };
    for more in [&editor, &root] {
        let before = (row(&app, more), app.mails());
        let reply = move_mail(more);
        assert!(matches!(reply["code"].as_str(), Some("CannotGrant" | "NotEnoughPermissions")), "{reply:?}");
        assert_eq!(reply.status, 403, "{reply:?}");
        assert_eq!((row(&app, more), app.mails()), before);
    }
    move_mail(&editor).expect(403, "CannotGrant");
    move_mail(&author).succeeds(200);
    assert_eq!(row(&app, &author), (format!("mine-{}", author.email), false));
}

#[test]
fn an_account_has_mail_sent_to_five_new_addresses_an_hour_and_no_more() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let change = |number: usize| ada.patch("/api/users/me", json!({ "email": format!("{number}-{}", ada.email) }));
    (1..=5).for_each(|number| drop(change(number).succeeds(200)));
    let refusal = change(6).expect(429, "TooManyRequests");
    assert_eq!(refusal.header("Retry-After"), Some("3600"));
    assert_eq!(row(&app, &ada).0, format!("5-{}", ada.email));
    app.clock.advance(HOUR + SECOND);
    let later = log_in(&app, &format!("5-{}", ada.email));
    later.patch("/api/users/me", json!({ "email": format!("6-{}", ada.email) })).succeeds(200);
}
