//! The commands `permissions show` and `permissions sync`, which compare the YAML with the tables.

use serde_json::{Value, json};

use crate::harness::{App, Output, Setup, app, spawn_app};

#[track_caller]
fn succeeded(output: Output) -> Output {
    assert_eq!(output.code, Some(0), "{output:?}");
    output
}

fn show(app: &App) -> Output {
    succeeded(app.run(&["permissions", "show"]))
}

fn has(output: &Output, line: &str) -> bool {
    output.stdout.lines().any(|found| found == line)
}

/// The lines that report a difference.
fn differences(output: &Output) -> Vec<&str> {
    output.stdout.lines().filter(|line| !line.starts_with("= ")).collect()
}

fn link(app: &App, role: &str, (resource, action): (&str, &str), api_action: &str) {
    let link = json!({ "id": app.permission(resource, action), "apiAction": api_action });
    let path = format!("/api/auth-roles/{}", app.role(role));
    app.super_user().patch(&path, json!({ "permissions": [link] })).succeeds(200);
}

fn connect(app: &App, role: &str, (resource, action): (&str, &str)) {
    let body = json!({ "permissions": [{ "id": app.permission(resource, action) }] });
    app.super_user().patch(&format!("/api/auth-roles/{}", app.role(role)), body).succeeds(200);
}

/// Changes the tables: removes a permission and a role, and adds a permission and a role.
fn changed() -> App {
    let app = spawn_app();
    link(&app, "Author", ("post", "Create"), "disconnect");
    connect(&app, "Author", ("tag", "Delete"));
    let sweeper = json!({ "name": "Sweeper", "permissions": [{ "id": app.permission("tag", "Delete") }] });
    app.super_user().post("/api/auth-roles", sweeper).succeeds(201);
    app.super_user().delete(&format!("/api/auth-permissions/{}", app.permission("post", "Publish"))).succeeds(204);
    app
}

const CHANGED: [&str; 5] = [
    "+ permission post:Publish",
    "+ Author post:Create",
    "- Author tag:Delete",
    "+ Editor post:Publish",
    "- Sweeper tag:Delete",
];

#[test]
fn a_new_database_equals_the_yaml() {
    let setup = Setup::new();
    let shown = succeeded(setup.run(&["permissions", "show", "--check"]));
    assert!(differences(&shown).is_empty(), "{shown:?}");
    for line in ["= Author post:Create", "= Editor post:Publish", "= Editor reading:Restore", "= Author comment:Update"]
    {
        assert!(has(&shown, line), "{line} in {shown:?}");
    }
    assert!(!shown.stdout.contains("user:"), "permissions that were not granted are not listed: {shown:?}");
}

#[test]
fn every_difference_is_shown() {
    let app = changed();
    let shown = show(&app);
    assert_eq!(differences(&shown), CHANGED);
    assert!(has(&shown, "= Author post:Update"));
}

#[test]
fn a_check_fails_where_there_is_a_difference_and_shows_it() {
    let app = changed();
    let checked = app.run(&["permissions", "show", "--check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert_eq!(differences(&checked), CHANGED);
    assert!(checked.stderr.contains("differ"), "{checked:?}");
}

#[test]
fn showing_changes_nothing() {
    let app = changed();
    let before = app.super_user().get("/api/auth-permissions?limit=100").succeeds(200).json;
    show(&app);
    app.run(&["permissions", "show", "--check"]);
    assert_eq!(app.super_user().get("/api/auth-permissions?limit=100").succeeds(200).json, before);
}

#[test]
fn synchronizing_adds_what_is_missing_and_takes_nothing_away() {
    let app = changed();
    let done = succeeded(app.run(&["permissions", "sync"]));
    assert_eq!(differences(&done), CHANGED, "it says what it found");
    let app = app.restart();
    assert_eq!(differences(&show(&app)), ["- Author tag:Delete", "- Sweeper tag:Delete"]);
    let ada = app.sign_up("ada");
    ada.post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201);
    assert_eq!(app.count("/api/auth-roles?name=Sweeper"), 1);
    let again = succeeded(app.run(&["permissions", "sync"]));
    assert_eq!(differences(&again), ["- Author tag:Delete", "- Sweeper tag:Delete"]);
}

#[test]
fn pruning_removes_permissions_that_only_the_tables_have() {
    let app = changed();
    let (ada, sweeper) = (app.sign_up("ada"), app.sign_up("sweeper"));
    app.give_role(&sweeper, "Sweeper");
    let tag = |name: &str| app.super_user().post("/api/tags", json!({ "name": name })).succeeds(201).id();
    let (first, second) = (tag("first"), tag("second"));
    ada.delete(&format!("/api/tags/{first}")).succeeds(204);
    let tokens = [&ada, &sweeper].map(|account| account.token().expect("a token").to_owned());
    succeeded(app.run(&["permissions", "sync", "--prune"]));
    let app = app.restart();
    let checked = succeeded(app.run(&["permissions", "show", "--check"]));
    assert!(differences(&checked).is_empty(), "{checked:?}");
    for token in &tokens {
        app.with_token(token).delete(&format!("/api/tags/{second}")).expect(403, "NotEnoughPermissions");
    }
    app.with_token(&tokens[0]).post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201);
    assert_eq!(app.count("/api/auth-roles?name=Sweeper"), 1, "roles stay: accounts have them");
    let assigned = app.count(&format!("/api/user-roles?userId={}", sweeper.id));
    assert_eq!(assigned, 2, "and so do assignments");
}

#[test]
fn overrides_of_accounts_are_left_alone() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let permission = json!({ "id": app.permission("tag", "Delete") });
    let body = json!({ "user": ada.reference(), "permission": permission });
    let path =
        format!("/api/user-permissions/{}", app.super_user().post("/api/user-permissions", body).succeeds(201).id());
    succeeded(app.run(&["permissions", "sync", "--prune"]));
    assert_eq!(app.row(&path)["effect"], "allow");
}

#[test]
fn a_role_of_the_yaml_that_was_deleted_comes_back() {
    let app = spawn_app();
    app.super_user().delete(&format!("/api/auth-roles/{}", app.role("Editor"))).succeeds(204);
    let shown = show(&app);
    assert!(has(&shown, "+ role Editor") && has(&shown, "+ Editor tag:Create"), "{shown:?}");
    succeeded(app.run(&["permissions", "sync"]));
    let app = app.restart();
    let grace = app.editor("grace");
    grace.post("/api/tags", json!({ "name": "back" })).succeeds(201);
    succeeded(app.run(&["permissions", "show", "--check"]));
}

#[test]
fn two_who_synchronize_at_once_agree() {
    let app = changed();
    let runs: Vec<Output> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| app.run(&["permissions", "sync", "--prune"]))).collect();
        runs.into_iter().map(|run| run.join().expect("it ended")).collect()
    });
    assert!(runs.iter().all(|run| run.code == Some(0)), "{runs:#?}");
    succeeded(app.run(&["permissions", "show", "--check"]));
    let total = app.super_user().get("/api/auth-permissions?resource=post&action=Publish").succeeds(200);
    assert_eq!(total["total"], Value::from(1));
}

#[test]
fn unknown_arguments_are_refused() {
    let app = app();
    for arguments in [&["permissions"][..], &["permissions", "drop"], &["permissions", "sync", "--everything"]] {
        let output = app.run(arguments);
        assert_eq!(output.code, Some(2), "{output:?}");
    }
}
