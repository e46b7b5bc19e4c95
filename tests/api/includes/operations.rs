//! The operations whose answers can include rows: all that answer one row, and lists, but not bulk writes.

use serde_json::json;

use super::fixtures::{article, comment, draft, reading, tag, word};
use crate::harness::app;

#[test]
fn a_new_row_is_answered_with_what_it_includes() {
    let app = app();
    let ada = app.sign_up("ada");
    let (post, tagged) = (article(&app, &ada, "Engines"), tag(&app, &[]));
    let body = json!({ "content": "Well said.", "post": { "id": post } });
    let made = ada.post("/api/comments?fields=content,post.title", body).succeeds(201);
    assert_eq!(made["data"], json!({ "content": "Well said.", "post": { "title": "Engines" } }));
    let body = json!({ "title": "Tagged", "content": "…", "slug": word(), "tags": [{ "id": tagged }] });
    let made = ada.post("/api/posts?fields=tags.id,comments.id,title", body).succeeds(201);
    let expected = json!({ "title": "Tagged", "tags": [{ "id": tagged }], "comments": [] });
    assert_eq!(made["data"], expected, "links of the same request are there");
}

#[test]
fn a_changed_row_is_answered_with_what_it_includes_now() {
    let app = app();
    let (ada, bob, root) = (app.sign_up("ada"), app.sign_up("bob"), app.super_user());
    let path = format!("/api/posts/{}", draft(&ada, "Engines"));
    let tagged = tag(&app, &[]);
    let change = json!({ "author": bob.reference(), "tags": [{ "id": tagged }] });
    let changed = root.patch(&format!("{path}?fields=title,author.username,tags.id"), change).succeeds(200);
    let expected = json!({ "title": "Engines", "author": { "username": bob.username }, "tags": [{ "id": tagged }] });
    assert_eq!(changed["data"], expected);
}

#[test]
fn a_restored_row_is_answered_with_what_it_includes() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let path = format!("/api/readings/{}", reading(&app, ada.reference()));
    root.delete(&path).succeeds(204);
    let restored = root.post(&format!("{path}/restore?fields=author.username,deletedAt"), json!({})).succeeds(200);
    assert_eq!(restored["data"], json!({ "deletedAt": null, "author": { "username": ada.username } }));
}

#[test]
fn a_bulk_write_includes_nothing_and_writes_nothing_when_asked_to() {
    let app = app();
    let ada = app.sign_up("ada");
    let id = draft(&ada, "Engines");
    comment(&ada, &id, "Mine");
    let many = format!("/api/posts/many?authorId={}&fields=", ada.id);
    for fields in ["+tags", "id,comments.id", "+author"] {
        let body = json!([{ "title": "Made in bulk", "content": "…", "slug": word() }]);
        let refused = [
            ada.post(&format!("/api/posts/many?fields={fields}"), body),
            ada.patch(&format!("{many}{fields}"), json!({ "title": "Changed in bulk" })),
            ada.delete(&format!("{many}{fields}")),
        ];
        for reply in refused {
            assert_eq!(reply.expect(400, "InvalidRequestQuery").problem_fields(), ["fields"], "{fields}");
        }
    }
    let posts = app.super_user().get(&format!("/api/posts?authorId={}", ada.id)).succeeds(200);
    assert_eq!(posts.column("title"), ["Engines"]);
}

#[test]
fn a_refused_include_keeps_a_write_from_being_made() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", draft(&ada, "Engines"));
    let before = app.row(&path);
    let body = json!({ "title": "Another", "content": "…", "slug": word() });
    for fields in ["+nothing", "+tags.nothing", "tags.posts.tags.posts"] {
        ada.post(&format!("/api/posts?fields={fields}"), body.clone()).expect(400, "InvalidRequestQuery");
        let change = json!({ "title": "Changed" });
        ada.patch(&format!("{path}?fields={fields}"), change).expect(400, "InvalidRequestQuery");
    }
    assert_eq!(app.row(&path), before);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 1);
}

#[test]
fn a_deletion_takes_no_fields() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", draft(&ada, "Engines"));
    ada.delete(&format!("{path}?fields=+tags")).expect(400, "InvalidRequestQuery");
    app.row(&path);
}

#[test]
fn the_version_of_a_row_does_not_depend_on_what_it_includes() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", draft(&ada, "Engines"));
    let plain = ada.get(&path).succeeds(200).header("ETag").map(str::to_owned);
    let with = ada.get(&format!("{path}?fields=id,comments.id")).succeeds(200).header("ETag").map(str::to_owned);
    assert!(plain.is_some());
    assert_eq!(plain, with, "`If-Match` guards the row, whatever was shown of it");
}
