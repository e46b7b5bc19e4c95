//! The refusals of a bulk write name the refused rows and the reasons.

use serde_json::{Value, json};

use crate::harness::{App, Reply, app, unique};

fn word() -> String {
    unique(&uuid::Uuid::now_v7().simple().to_string()[20..])
}

fn tags(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn problems(reply: &Reply) -> Vec<(String, String)> {
    let text = |problem: &Value, key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let listed = reply["meta"]["errors"].as_array().unwrap_or_else(|| panic!("a list of problems: {reply:?}"));
    listed.iter().map(|problem| (text(problem, "field"), text(problem, "code"))).collect()
}

fn said(problems: &[(&str, &str)]) -> Vec<(String, String)> {
    problems.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}

fn count(app: &App, name: &str) -> u64 {
    app.count(&format!("/api/tags?name={name}"))
}

#[test]
fn every_row_that_is_not_unique_is_named() {
    let app = app();
    let grace = app.editor("grace");
    let (known, other, twice, fresh) = (word(), word(), word(), word());
    grace.post("/api/tags/many", tags(&[&known, &other])).succeeds(201);
    let body = tags(&[&fresh, &known, &twice, &other, &twice]);
    let reply = grace.post("/api/tags/many", body).expect(409, "TagNameUniqueConstraint");
    let code = "TagNameUniqueConstraint";
    assert_eq!(problems(&reply), said(&[("1.name", code), ("3.name", code), ("4.name", code)]));
    assert_eq!((count(&app, &fresh), count(&app, &twice)), (0, 0));
}

#[test]
fn every_row_that_refers_to_nothing_is_named() {
    let app = app();
    let grace = app.editor("grace");
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    let title = word();
    let post = |author: &str| json!({ "title": title, "content": "…", "slug": word(), "authorId": author });
    let body = json!([post(&grace.id), post(missing), post(&grace.id), post(missing)]);
    let reply = grace.post("/api/posts/many", body).expect(400, "ReferencedRecordNotFound");
    let code = "ReferencedRecordNotFound";
    assert_eq!(problems(&reply), said(&[("1", code), ("3", code)]));
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);
}

#[test]
fn every_missing_row_that_a_body_names_is_reported_with_its_position() {
    let app = app();
    let (grace, root) = (app.editor("grace"), app.super_user());
    let (known, title) = (word(), word());
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    grace.post("/api/tags", json!({ "name": known })).succeeds(201);
    let post = |more: Value| {
        let mut post = json!({ "title": title, "content": "…", "slug": word() });
        post.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        post
    };
    let reports = |body: Value, places: &[&str]| {
        let reply = root.post("/api/posts/many", body).expect(400, "InlineRecordNotFound");
        let code = "InlineRecordNotFound";
        assert_eq!(problems(&reply), said(&places.iter().map(|place| (*place, code)).collect::<Vec<_>>()));
    };
    reports(
        json!([
            post(json!({ "tags": [{ "name": known }, { "name": word() }] })),
            post(json!({ "tags": [{ "id": missing }, { "name": known }, { "name": word() }] })),
        ]),
        &["0.tags.1", "1.tags.0", "1.tags.2"],
    );
    reports(json!([post(json!({})), post(json!({ "author": { "username": word() } }))]), &["1.author"]);
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);

    let path = format!("/api/posts/{}", root.post("/api/posts", post(json!({}))).succeeds(201).id());
    for change in ["update", "disconnect", "delete"] {
        let named = json!({ "name": word(), "apiAction": change });
        let body = json!({ "title": "Other", "tags": [{ "name": known }, named] });
        let reply = root.patch(&path, body).expect(400, "InlineRecordNotFound");
        assert_eq!(problems(&reply), said(&[("tags.1", "InlineRecordNotFound")]), "{change}");
        assert_eq!(app.row(&path)["title"], title);
    }
}

#[test]
fn every_row_that_the_caller_may_not_write_is_named() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let title = word();
    let post = |author: &str| json!({ "title": title, "content": "…", "slug": word(), "authorId": author });
    let body = json!([post(&ada.id), post(&eve.id), post(&ada.id)]);
    let reply = ada.post("/api/posts/many", body).expect(403, "NotEnoughPermissions");
    assert_eq!(problems(&reply), said(&[("1", "NotEnoughPermissions")]));
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);
}
