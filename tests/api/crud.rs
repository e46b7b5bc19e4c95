//! The eight operations of a model: bodies, statuses and lists.

use serde_json::{Value, json};

use crate::harness::{Account, App, Reply, app, unique};

const MISSING_ID: &str = "018f3f2e-0000-7000-8000-000000000000";

/// Makes a draft of this author.
fn draft(author: &Account, title: &str) -> Reply {
    author.post("/api/posts", json!({ "title": title, "content": "…", "slug": slug() })).succeeds(201)
}

/// Makes a draft for each title, and returns the path that lists only these.
fn drafts(author: &Account, titles: &[&str]) -> String {
    for title in titles {
        author.post("/api/posts", json!({ "title": title, "content": "…", "slug": slug() })).succeeds(201);
    }
    format!("/api/posts?authorId={}", author.id)
}

fn slug() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn posts_of(app: &App, author: &Account) -> u64 {
    app.count(&format!("/api/posts?authorId={}", author.id))
}

#[test]
fn a_created_row_is_answered_whole_with_its_location() {
    let app = app();
    let ada = app.sign_up("ada");
    let slug = slug();
    let created =
        ada.post("/api/posts", json!({ "title": "On engines", "content": "Wheels.", "slug": slug })).succeeds(201);
    assert_eq!(created.header("Location"), Some(format!("/api/posts/{}", created.id()).as_str()));
    assert_eq!(created.header("Content-Type"), Some("application/json"));
    let row = &created["data"];
    let keys: Vec<&String> = row.as_object().expect("a row").keys().collect();
    let expected = [
        "authorId",
        "content",
        "createdAt",
        "id",
        "publishedAt",
        "slug",
        "status",
        "summary",
        "title",
        "updatedAt",
        "views",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&row["title"], &row["content"], &row["slug"]), (&json!("On engines"), &json!("Wheels."), &json!(slug)));
    assert_eq!((&row["status"], &row["views"], &row["authorId"]), (&json!("draft"), &json!(0), &json!(ada.id)));
    assert_eq!((&row["summary"], &row["publishedAt"]), (&Value::Null, &Value::Null));
    assert_eq!(row["createdAt"], row["updatedAt"]);
}

#[test]
fn what_was_created_is_found_under_its_location() {
    let app = app();
    let ada = app.sign_up("ada");
    let created = draft(&ada, "On engines");
    let found = ada.get(created.header("Location").expect("a location")).succeeds(200);
    assert_eq!(found.json, created.json);
}

#[test]
fn ids_are_uuids_that_grow_with_time() {
    let app = app();
    let ada = app.sign_up("ada");
    let ids: Vec<String> = ["One", "Two", "Three"].map(|title| draft(&ada, title).id()).into();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok_and(|id| id.get_version_num() == 7)), "{ids:?}");
}

#[test]
fn a_row_that_is_not_there_is_404_for_every_operation_on_one() {
    let app = app();
    let root = app.super_user();
    let path = format!("/api/posts/{MISSING_ID}");
    root.get(&path).expect(404, "PostNotFound");
    root.patch(&path, json!({ "title": "Nothing" })).expect(404, "PostNotFound");
    root.delete(&path).expect(404, "PostNotFound");
}

#[test]
fn an_update_changes_what_it_names_and_dates_the_row() {
    let app = app();
    let ada = app.sign_up("ada");
    let created = draft(&ada, "On engines");
    let path = format!("/api/posts/{}", created.id());
    let updated = ada.patch(&path, json!({ "title": "On looms" })).succeeds(200);
    let (before, after) = (&created["data"], &updated["data"]);
    assert_eq!(after["title"], "On looms");
    for untouched in ["id", "content", "slug", "status", "views", "authorId", "createdAt"] {
        assert_eq!(after[untouched], before[untouched], "{untouched}");
    }
    assert!(after["updatedAt"].as_str() >= before["updatedAt"].as_str());
    assert_eq!(ada.get(&path).json, updated.json);
}

#[test]
fn an_update_of_nothing_leaves_the_row_as_it_was() {
    let app = app();
    let ada = app.sign_up("ada");
    let created = draft(&ada, "On engines");
    let updated = ada.patch(&format!("/api/posts/{}", created.id()), json!({})).succeeds(200);
    assert_eq!(updated.json, created.json);
}

#[test]
fn a_deletion_answers_without_a_body_and_removes_the_row() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", draft(&ada, "On engines").id());
    let deleted = ada.delete(&path).succeeds(204);
    assert!(deleted.bytes.is_empty());
    ada.get(&path).expect(404, "PostNotFound");
    ada.delete(&path).expect(404, "PostNotFound");
    assert_eq!(posts_of(&app, &ada), 0);
}

#[test]
fn a_list_states_its_page_and_the_total() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One", "Two", "Three", "Four", "Five"]);
    let envelope = |page: u32| {
        let mut reply = ada.get(&format!("{path}&limit=2&page={page}")).succeeds(200).json;
        let envelope = reply.as_object_mut().expect("an object");
        let rows = envelope.remove("data").expect("data");
        assert_eq!(envelope.remove("nextCursor").is_some(), reply["hasNextPage"] == true, "{reply}");
        (reply, rows.as_array().expect("a list").len())
    };
    let of = |page: u32, results: u32, next: bool, previous: bool| {
        json!({
            "total": 5, "results": results, "page": page, "pages": 3, "limit": 2,
            "hasNextPage": next, "hasPrevPage": previous
        })
    };
    assert_eq!(envelope(1), (of(1, 2, true, false), 2));
    assert_eq!(envelope(2), (of(2, 2, true, true), 2));
    assert_eq!(envelope(3), (of(3, 1, false, true), 1));
    assert_eq!(envelope(4), (of(4, 0, false, true), 0));
}

#[test]
fn an_empty_list_has_no_pages() {
    let app = app();
    let ada = app.sign_up("ada");
    let reply = ada.get(&format!("/api/posts?authorId={}", ada.id)).succeeds(200);
    let expected = json!({
        "total": 0, "results": 0, "page": 1, "pages": 0, "limit": 30,
        "hasNextPage": false, "hasPrevPage": false, "data": []
    });
    assert_eq!(reply.json, expected);
}

#[test]
fn pages_neither_overlap_nor_leave_out_rows_that_sort_alike() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["Same"; 7]);
    let mut seen: Vec<Value> = Vec::new();
    for page in 1..=4 {
        seen.extend(ada.get(&format!("{path}&sort=title&limit=2&page={page}")).succeeds(200).column("id"));
    }
    let mut ids: Vec<&str> = seen.iter().filter_map(Value::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((seen.len(), ids.len()), (7, 7));
}

#[test]
fn a_list_is_sorted_by_several_fields_in_their_order() {
    let app = app();
    let ada = app.sign_up("ada");
    for (title, summary) in [("Alpha", "x"), ("Beta", "x"), ("Gamma", "a")] {
        let body = json!({ "title": title, "summary": summary, "content": "…", "slug": slug() });
        ada.post("/api/posts", body).succeeds(201);
    }
    let titles =
        |sort: &str| ada.get(&format!("/api/posts?authorId={}&sort={sort}", ada.id)).succeeds(200).column("title");
    assert_eq!(titles("title"), ["Alpha", "Beta", "Gamma"]);
    assert_eq!(titles("-title"), ["Gamma", "Beta", "Alpha"]);
    assert_eq!(titles("summary,-title"), ["Gamma", "Beta", "Alpha"]);
    assert_eq!(titles("-summary,title"), ["Alpha", "Beta", "Gamma"]);
}

#[test]
fn filters_must_all_hold() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One", "Two"]);
    assert_eq!(ada.get(&format!("{path}&title=One")).succeeds(200)["total"], 1);
    assert_eq!(ada.get(&format!("{path}&title=One&status=draft")).succeeds(200)["total"], 1);
    assert_eq!(ada.get(&format!("{path}&title=One&status=review")).succeeds(200)["total"], 0);
    assert_eq!(ada.get(&format!("{path}&title=one")).succeeds(200)["total"], 0, "equality minds the case");
}

#[test]
fn a_filter_takes_text_literally() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["100% off", "O'Brien; DROP TABLE posts"]);
    assert_eq!(ada.get(&format!("{path}&title=100%25%20off")).succeeds(200)["total"], 1);
    assert_eq!(ada.get(&format!("{path}&title=100%25")).succeeds(200)["total"], 0);
    assert_eq!(ada.get(&format!("{path}&title=O%27Brien%3B+DROP+TABLE+posts")).succeeds(200)["total"], 1);
    assert_eq!(ada.get(&format!("{path}&title=%27+OR+%271%27%3D%271")).succeeds(200)["total"], 0);
}

#[test]
fn fields_selects_and_leaves_out() {
    let app = app();
    let ada = app.sign_up("ada");
    let id = draft(&ada, "On engines").id();
    let keys = |reply: &Value| reply.as_object().expect("a row").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&ada.get(&format!("/api/posts/{id}?fields=id,title")).succeeds(200)["data"]), ["id", "title"]);
    assert_eq!(
        keys(&ada.get(&format!("/api/posts?authorId={}&fields=title", ada.id)).succeeds(200)["data"][0]),
        ["title"]
    );
    let without = ada.get(&format!("/api/posts/{id}?fields=-content,-slug")).succeeds(200);
    let left = keys(&without["data"]);
    assert!(left.len() == 9 && !left.contains(&"content".to_owned()) && !left.contains(&"slug".to_owned()), "{left:?}");
}

#[test]
fn fields_applies_to_answers_of_writes_too() {
    let app = app();
    let ada = app.sign_up("ada");
    let created = ada.post("/api/posts?fields=title", json!({ "title": "On engines", "content": "…", "slug": slug() }));
    assert_eq!(created.succeeds(201).json, json!({ "data": { "title": "On engines" } }));
}

#[test]
fn the_page_size_is_bounded() {
    let app = app();
    assert_eq!(app.get("/api/posts").succeeds(200)["limit"], 30);
    assert_eq!(app.get("/api/posts?limit=100").succeeds(200)["limit"], 100);
    for bad in
        ["limit=101", "limit=0", "limit=-1", "limit=ten", "limit=", "page=0", "page=-1", "page=1.5", "page=99999999999"]
    {
        let reply = app.get(&format!("/api/posts?{bad}")).expect(400, "InvalidRequestQuery");
        let name = bad.split('=').next().expect("a name");
        assert_eq!(reply.problem_fields(), [name], "{bad}");
    }
}

#[test]
fn the_farthest_page_is_empty_and_no_error() {
    let app = app();
    let reply = app.get("/api/posts?page=4294967295&limit=100").succeeds(200);
    assert_eq!((&reply["results"], &reply["data"]), (&json!(0), &json!([])));
}

#[test]
fn head_is_get_without_the_body() {
    let app = app();
    for path in ["/api/posts", "/health/live"] {
        let get = app.get(path).succeeds(200);
        let head = app.request("HEAD", path).send().succeeds(200);
        assert!(head.bytes.is_empty(), "{path}");
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"), "{path}");
    }
}

#[test]
fn many_rows_are_created_in_their_order() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!([
        { "title": "One", "content": "…", "slug": slug() },
        { "title": "Two", "content": "…", "slug": slug() },
    ]);
    let created = ada.post("/api/posts/many", body).succeeds(201);
    assert_eq!((&created["results"], created.column("title")), (&json!(2), vec![json!("One"), json!("Two")]));
    assert_eq!(posts_of(&app, &ada), 2);
}

#[test]
fn many_rows_that_set_different_fields_are_created_in_their_order() {
    let app = app();
    let titles: Vec<String> = (0..40).map(|number| unique(&format!("mixed {number}"))).collect();
    let row = |(number, title): (usize, &String)| match number % 3 {
        0 => json!({ "title": title, "content": "…" }),
        1 => json!({ "title": title, "content": "…", "summary": format!("of {title}") }),
        _ => json!({ "title": title, "content": "…", "summary": null }),
    };
    let rows: Vec<Value> = titles.iter().enumerate().map(row).collect();
    let made = app.super_user().post("/api/posts/many", json!(rows)).succeeds(201);
    for (number, title) in titles.iter().enumerate() {
        let summary = if number % 3 == 1 { json!(format!("of {title}")) } else { Value::Null };
        let row = &made["data"][number];
        assert_eq!((&row["title"], &row["summary"]), (&json!(title), &summary), "{number}");
    }
}

#[test]
fn create_many_names_the_index_of_each_problem_and_stores_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!([
        { "title": "Good", "content": "…", "slug": slug() },
        { "title": "No", "content": 7 },
        "not an object",
    ]);
    let reply = ada.post("/api/posts/many", body).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), ["1.title", "1.content", "2"]);
    assert_eq!(posts_of(&app, &ada), 0);
}

#[test]
fn create_many_stores_nothing_when_the_last_row_is_refused_by_the_database() {
    let app = app();
    let ada = app.sign_up("ada");
    let slug = slug();
    let body = json!([
        { "title": "One", "content": "…", "slug": slug },
        { "title": "Two", "content": "…", "slug": slug },
    ]);
    ada.post("/api/posts/many", body).expect(409, "PostSlugUniqueConstraint");
    assert_eq!(posts_of(&app, &ada), 0);
}

#[test]
fn create_many_takes_a_list_of_bounded_length() {
    let app = app();
    let root = app.super_user();
    root.post("/api/tags/many", json!([])).expect(400, "MissingArrayRequestBody");
    root.post("/api/tags/many", json!(null)).expect(400, "MissingArrayRequestBody");
    root.post("/api/tags/many", json!({ "name": "no-list" })).expect(400, "MissingArrayRequestBody");
    let prefix = slug();
    let tags =
        |count: usize| (0..count).map(|n| json!({ "name": format!("{}-{n}", &prefix[24..]) })).collect::<Value>();
    root.post("/api/tags/many", tags(1001)).expect(400, "InvalidRequestBody");
    assert_eq!(root.get(&format!("/api/tags?name={}-0", &prefix[24..])).succeeds(200)["total"], 0);
    assert_eq!(root.post("/api/tags/many", tags(1000)).succeeds(201)["results"], 1000);
}

#[test]
fn update_many_changes_the_rows_that_its_filter_keeps() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One", "Two", "Two"]);
    let many = path.replace("/posts?", "/posts/many?");
    let updated = ada.patch(&format!("{many}&title=Two"), json!({ "summary": "Changed" })).succeeds(200);
    assert_eq!((&updated["results"], updated.column("summary")), (&json!(2), vec![json!("Changed"); 2]));
    assert_eq!(ada.get(&format!("{path}&summary=Changed")).succeeds(200)["total"], 2);
}

#[test]
fn delete_many_deletes_the_rows_that_its_filter_keeps_and_answers_with_them() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One", "Two", "Two"]);
    let deleted = ada.delete(&format!("{}&title=Two", path.replace("/posts?", "/posts/many?"))).succeeds(200);
    assert_eq!((&deleted["results"], deleted.column("title")), (&json!(2), vec![json!("Two"); 2]));
    assert_eq!(ada.get(&path).succeeds(200).column("title"), ["One"]);
}

#[test]
fn a_bulk_write_that_matches_nothing_succeeds_with_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let none = format!("/api/posts/many?authorId={}", ada.id);
    assert_eq!(
        ada.patch(&none, json!({ "summary": "x" })).succeeds(200).json,
        json!({ "total": 0, "results": 0, "data": [] })
    );
    assert_eq!(ada.delete(&none).succeeds(200).json, json!({ "total": 0, "results": 0, "data": [] }));
}

#[test]
fn a_bulk_write_takes_no_page_of_what_it_matches() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One", "Two"]);
    for query in ["sort=title", "page=2", "limit=1"] {
        let many = format!("/api/posts/many?authorId={}&{query}", ada.id);
        ada.patch(&many, json!({ "title": "Lost" })).expect(400, "InvalidRequestQuery");
        ada.delete(&many).expect(400, "InvalidRequestQuery");
    }
    assert_eq!(app.super_user().get(&format!("{path}&sort=title")).succeeds(200).column("title"), ["One", "Two"]);
}

#[test]
fn a_bulk_write_without_a_filter_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One"]);
    for query in ["", "?fields=id"] {
        let many = format!("/api/posts/many{query}");
        ada.patch(&many, json!({ "title": "Lost" })).expect(400, "MissingFilterCriteria");
        ada.delete(&many).expect(400, "MissingFilterCriteria");
    }
    assert_eq!(app.super_user().get(&path).succeeds(200).column("title"), ["One"]);
}

#[test]
fn a_misspelt_filter_of_a_bulk_write_is_refused_and_nothing_is_written() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = drafts(&ada, &["One"]);
    let many = format!("/api/posts/many?authorId={}&titel=One", ada.id);
    assert_eq!(ada.delete(&many).expect(400, "InvalidRequestQuery").problem_fields(), ["titel"]);
    ada.patch(&many, json!({ "title": "Lost" })).expect(400, "InvalidRequestQuery");
    assert_eq!(app.super_user().get(&path).succeeds(200).column("title"), ["One"]);
}

#[test]
fn a_disabled_operation_is_a_method_that_its_path_does_not_have() {
    let app = app();
    let reply = app.super_user().post("/api/readings/many", json!([])).expect(405, "MethodNotAllowed");
    assert_eq!(reply.header("Allow"), Some("PATCH, DELETE"));
}

#[test]
fn a_bulk_write_of_more_rows_than_allowed_is_refused_and_touches_none() {
    let app = app();
    let ada = app.sign_up("ada");
    let article = || json!({ "title": "One of many", "content": "…", "slug": slug() });
    let thousand: Value = (0..1000).map(|_| article()).collect();
    ada.post("/api/posts/many", thousand).succeeds(201);
    ada.post("/api/posts", article()).succeeds(201);
    let many = format!("/api/posts/many?authorId={}", ada.id);
    ada.patch(&many, json!({ "summary": "Changed" })).expect(400, "TooManyRows");
    ada.delete(&many).expect(400, "TooManyRows");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 1001);
    assert_eq!(app.count(&format!("/api/posts?authorId={}&summary=Changed", ada.id)), 0);
}

#[test]
fn a_bulk_change_of_nothing_or_of_links_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    drafts(&ada, &["One"]);
    let many = format!("/api/posts/many?authorId={}", ada.id);
    ada.patch(&many, json!({})).expect(400, "InvalidRequestBody");
    ada.patch(&many, json!({ "tags": [{ "id": MISSING_ID }] })).expect(400, "InvalidRequestBody");
}

#[test]
fn rows_that_sort_alike_come_in_the_order_of_their_ids() {
    let app = app();
    let grace = app.editor("grace");
    drafts(&grace, &["Alike"; 4]);
    let list = format!("/api/posts?authorId={}&status=published&sort=status", grace.id);
    let ids = grace.get(&format!("/api/posts?authorId={}&sort=id", grace.id)).succeeds(200).column("id");
    // Published from last to first, so that neither an index nor the file is in the order of the ids.
    for id in ids.iter().rev().filter_map(Value::as_str) {
        grace.patch(&format!("/api/posts/{id}"), json!({ "status": "published" })).succeeds(200);
    }
    assert_eq!(grace.get(&list).succeeds(200).column("id"), ids);
}
