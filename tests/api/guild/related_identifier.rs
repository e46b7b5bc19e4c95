//! A log-in identifier that is a field of a related row.

use serde_json::json;

use super::Guild;
use crate::harness::PASSWORD;

const BADGES: &str = "/guild/badges";

#[test]
fn a_member_logs_in_with_the_code_of_their_badge_and_is_locked_under_it() {
    let guild = Guild::new();
    let ada = guild.sign_up();
    let badge = guild.made(BADGES, json!({ "code": "B-17" }));
    let id = badge.rsplit('/').next().expect("an id");
    let path = format!("/guild/members/{}", ada.id.as_str().expect("an id"));
    guild.root.client.patch(&path, json!({ "badgeId": id })).succeeds(200);
    let attempt =
        |code: &str, password: &str| guild.app.post("/guild/auth/login", json!({ "code": code, "password": password }));
    for _ in 0..2 {
        (0..4).for_each(|_| drop(attempt("B-17", "Wrong-Horse-7").expect(401, "IncorrectCredentials")));
        assert_eq!(attempt("B-17", PASSWORD).succeeds(200)["data"]["id"], ada.id);
    }
    for code in ["B-17", "B-18"] {
        (0..5).for_each(|_| drop(attempt(code, "Wrong-Horse-7").expect(401, "IncorrectCredentials")));
        attempt(code, PASSWORD).expect(423, "AccountLocked");
    }
}
