//! Case-insensitive fields: spellings that differ only in case are equal for uniqueness, filters, sorting and log-in,
//! and the value is stored as it was typed. The Gazette's user names are such fields.

use serde_json::json;

use crate::harness::{Account, App, PASSWORD, Reply, app, unique};

const WRONG: &str = "Wrong-Horse-7";

fn sign_up(app: &App, username: &str) -> Reply {
    let email = format!("{}@example.com", unique("mail"));
    app.post("/api/auth/signup", json!({ "username": username, "email": email, "password": PASSWORD }))
}

/// The ids that a filter of user names finds, sorted by name.
fn found(app: &App, filter: &str) -> Vec<String> {
    let reply = app.super_user().get(&format!("/api/users?{filter}&sort=username&fields=username")).succeeds(200);
    let names = reply.column("username");
    names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_name_is_taken_in_every_spelling_and_kept_as_it_was_typed() {
    let app = app();
    let name = unique("Ada.Lovelace");
    let made = sign_up(&app, &name).succeeds(201);
    assert_eq!(made["data"]["username"], name);
    for spelling in [name.to_lowercase(), name.to_uppercase(), name.clone()] {
        sign_up(&app, &spelling).expect(409, "UserUsernameUniqueConstraint");
        let body =
            json!({ "username": spelling, "email": format!("{}@example.com", unique("x")), "password": PASSWORD });
        let refused = app.post("/auth/register", body);
        assert_eq!((refused.status, &refused["error"]["code"]), (409, &json!("CONFLICT")));
    }
    let other = app.sign_up("grace");
    let taken = other.patch("/api/users/me", json!({ "username": name.to_uppercase() }));
    taken.expect(409, "UserUsernameUniqueConstraint");
    assert_eq!(other.get("/api/users/me").succeeds(200)["data"]["username"], other.username);
    other.patch("/api/users/me", json!({ "username": other.username.to_uppercase() })).succeeds(200);
    assert_eq!(other.get("/api/users/me").succeeds(200)["data"]["username"], other.username.to_uppercase());
}

#[test]
fn every_spelling_logs_in_on_every_surface() {
    let app = app();
    let name = unique("Ada");
    sign_up(&app, &name).succeeds(201);
    for spelling in [name.to_lowercase(), name.to_uppercase(), name.clone()] {
        let body = json!({ "username": spelling, "password": PASSWORD });
        assert_eq!(app.post("/api/auth/login", body.clone()).succeeds(200)["data"]["username"], name);
        app.post("/api/auth/login?usernameField=username", body).succeeds(200);
        let body = json!({ "identifier": spelling, "password": PASSWORD });
        assert_eq!(app.post("/auth/login", body).succeeds(200)["data"]["user"]["username"], name);
    }
}

#[test]
fn filters_match_every_spelling_and_negated_filters_match_none() {
    let app = app();
    let mark = unique("m");
    let names = [format!("{mark}.Alpha"), format!("{mark}.beta"), format!("{mark}.Gamma")];
    names.iter().for_each(|name| drop(sign_up(&app, name).succeeds(201)));
    let within = format!("username[startsWith]={}", mark.to_uppercase());
    assert_eq!(found(&app, &within), names, "and sorting ignores the case as well");
    let upper = |name: &str| name.to_uppercase();
    let [alpha, beta, gamma] = [&names[0], &names[1], &names[2]].map(|name| upper(name));
    let cases = [
        (format!("username={alpha}"), vec![&names[0]]),
        (format!("username[ne]={alpha}"), vec![&names[1], &names[2]]),
        (format!("username[in]={alpha},{beta}"), vec![&names[0], &names[1]]),
        (format!("username[notIn]={alpha},{beta}"), vec![&names[2]]),
        (format!("username[gt]={alpha}"), vec![&names[1], &names[2]]),
        (format!("username[gte]={beta}"), vec![&names[1], &names[2]]),
        (format!("username[lt]={gamma}"), vec![&names[0], &names[1]]),
        (format!("username[lte]={beta}"), vec![&names[0], &names[1]]),
        ("username[contains]=.GAM".to_owned(), vec![&names[2]]),
        ("username[endsWith]=ALPHA".to_owned(), vec![&names[0]]),
        (format!("filters={}", json!({ "username": gamma }).to_string().replace('"', "%22")), vec![&names[2]]),
        (
            format!("filters={}", json!({ "NOT": { "username": gamma } }).to_string().replace('"', "%22")),
            vec![&names[0], &names[1]],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(&app, &format!("{within}&{filter}")).iter().collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[test]
fn pages_by_cursor_follow_the_order_that_ignores_the_case() {
    let app = app();
    let mark = unique("c");
    let names: Vec<String> = ["aa", "AB", "ac", "B", "c"].iter().map(|end| format!("{mark}.{end}")).collect();
    names.iter().for_each(|name| drop(sign_up(&app, name).succeeds(201)));
    for (sort, mut expected) in [("username", names.clone()), ("-username", names.clone())] {
        if sort.starts_with('-') {
            expected.reverse();
        }
        let (mut read, mut cursor) = (Vec::new(), String::new());
        for _ in 0..names.len() {
            let path = format!("/api/users?username[startsWith]={mark}&sort={sort}&limit=2{cursor}");
            let page = app.super_user().get(&path).succeeds(200);
            read.extend(page.column("username").iter().map(|name| name.as_str().expect("a name").to_owned()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(read, expected, "{sort}");
    }
}

#[test]
fn a_filter_that_no_row_can_fail_in_any_spelling_deletes_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let either = json!({ "OR": [{ "username": ada.username }, { "username": { "ne": ada.username.to_uppercase() } }] });
    let path = format!("/api/users/many?filters={}", either.to_string().replace('"', "%22"));
    let before = app.count("/api/users");
    let refused = app.super_user().delete(&path);
    assert!(refused.status == 400 || refused.status == 404 || refused.status == 405, "{refused:?}");
    assert!(app.count("/api/users") >= before);
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn guesses_in_different_spellings_are_counted_together_for_known_and_unknown_names_alike() {
    let app = app();
    let ada: Account = app.sign_up("ada");
    let unknown = unique("unknown");
    let guess = |name: &str, password: &str| {
        app.post("/api/auth/login", json!({ "username": name, "password": password })).status
    };
    for name in [ada.username.as_str(), unknown.as_str()] {
        let spellings = [name.to_owned(), name.to_uppercase(), name.to_lowercase()];
        let statuses: Vec<u16> = (0..5).map(|turn| guess(&spellings[turn % 3], WRONG)).collect();
        assert_eq!(statuses, [401; 5], "{name}");
        assert!(spellings.iter().all(|spelling| guess(spelling, PASSWORD) == 423), "{name}");
    }
}

#[test]
fn a_right_password_resets_the_count_for_every_spelling() {
    let app = app();
    let ada = app.sign_up("ada");
    let guess = |name: String, password: &str| {
        app.post("/api/auth/login", json!({ "username": name, "password": password })).status
    };
    for _ in 0..3 {
        assert!((0..4).all(|_| guess(ada.username.to_uppercase(), WRONG) == 401));
        assert_eq!(guess(ada.username.to_lowercase(), PASSWORD), 200);
    }
}

#[test]
fn a_forgotten_password_is_asked_for_by_any_spelling() {
    let app = app();
    let ada = app.sign_up("ada");
    let before = mailed(&app, &ada);
    app.post("/auth/forgot-password", json!({ "identifier": ada.username.to_uppercase() })).succeeds(200);
    assert_eq!(mailed(&app, &ada), before + 1);
}

fn mailed(app: &App, account: &Account) -> i64 {
    let event = "gable_events e JOIN users u ON u.id = e.account_id WHERE e.kind = 'password_reset_mailed'";
    app.number(&format!("SELECT count(*) FROM {event} AND u.email = '{}'", account.email))
}
