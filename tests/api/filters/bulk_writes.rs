//! Filters of bulk writes: the rows that they match are written, and no others.

use serde_json::{Value, json};

use super::{Shelf, encoded, three};
use crate::harness::{App, app, unique};

fn many(query: &str) -> String {
    format!("/api/readings/many?{query}")
}

/// The seats of its readings, in the order of their titles.
fn seats(shelf: &Shelf) -> Vec<Value> {
    shelf.list("sort=title").succeeds(200).column("seats")
}

#[test]
fn operators_json_and_search_choose_the_rows_of_a_bulk_write() {
    for (query, expected) in [
        ("seats[gt]=10&seats[lt]=30", [10, 99, 30]),
        ("rating[isNull]=true", [10, 99, 30]),
        ("rating[ne]=1.5", [10, 99, 99]),
        ("filters=%7B%22NOT%22:%7B%22stage%22:%22open%22%7D%7D", [99, 20, 99]),
        ("search=example.com/C", [10, 20, 99]),
        ("seats=1", [10, 20, 30]),
    ] {
        let shelf = three();
        let other = three();
        let list = many(&format!("contact={}&{query}", shelf.contact));
        let changed = shelf.app.super_user().patch(&list, json!({ "seats": 99 })).succeeds(200);
        assert_eq!(json!(seats(&shelf)), json!(expected), "{query}");
        assert_eq!(changed["results"], expected.iter().filter(|seats| **seats == 99).count());
        assert_eq!(json!(seats(&other)), json!([10, 20, 30]), "{query}");
    }
}

#[test]
fn a_search_counts_as_a_filter_of_a_bulk_write() {
    let (shelf, other) = (three(), three());
    let deleted = shelf.app.super_user().delete(&many(&format!("search={}", shelf.contact))).succeeds(200);
    assert_eq!(deleted["results"], 3);
    assert_eq!((seats(&shelf).len(), seats(&other).len()), (0, 3));
}

#[test]
fn a_filter_that_every_row_meets_is_refused() {
    let shelf = three();
    let root = shelf.app.super_user();
    let json = |filters: Value| format!("filters={}", encoded(&filters.to_string()));
    for query in [
        String::new(),
        "filterMode=OR".to_owned(),
        "search=".to_owned(),
        json(json!({})),
        format!("filterMode=OR&{}", json(json!({}))),
        format!("filterMode=OR&seats=10&{}", json(json!({}))),
        json(json!({ "AND": [{}] })),
        json(json!({ "OR": [{}] })),
        json(json!({ "OR": [{ "seats": 10 }, {}] })),
        json(json!({ "NOT": { "NOT": {} } })),
        json(json!({ "AND": [{ "OR": [{}, {}] }] })),
        json(json!({ "OR": [{ "NOT": { "OR": [{ "NOT": {} }] } }] })),
        "title[contains]=".to_owned(),
        "title[startsWith]=&contact[iendsWith]=".to_owned(),
        "id[isNull]=false".to_owned(),
        json(json!({ "title": { "ne": null } })),
        json(json!({ "OR": [{ "seats": 10 }, { "title": { "contains": "" } }] })),
        // Written in a longer form.
        json(json!({ "OR": [{ "seats": 10 }, { "NOT": { "seats": 10 } }] })),
        json(json!({ "OR": [{ "title": { "contains": "a" } }, { "NOT": { "title": { "contains": "a" } } }] })),
        "filterMode=OR&rating=null&rating[ne]=null".to_owned(),
        "filterMode=OR&seats=10&seats[ne]=10".to_owned(),
        "filterMode=OR&rating[gt]=1&rating[lte]=1&rating[isNull]=true".to_owned(),
        "filterMode=OR&seats[in]=10,20&seats[notIn]=10,20".to_owned(),
        "filterMode=OR&seats[in]=10,20&seats[ne]=10".to_owned(),
        "filterMode=OR&isOnline=true&isOnline[ne]=true".to_owned(),
        "isOnline[in]=true,false".to_owned(),
        "isOnline[in]=true&isOnline[in]=false".to_owned(),
        "OR[0][seats]=10&OR[1][seats][not]=10".to_owned(),
        "rating[in]=null&filterMode=OR&rating[notIn]=null".to_owned(),
        "stage[in]=planned,open,sold-out".to_owned(),
        json(json!({ "OR": [{ "stage": "planned" }, { "stage": "open" }, { "stage": "sold-out" }] })),
        json(json!({ "NOT": { "AND": [{ "stage": "planned" }, { "stage": "open" }] } })),
        json(json!({ "NOT": { "AND": [{ "seats": 10 }, { "seats": { "gt": 10 } }] } })),
        json(json!({ "OR": [{ "author": { "username": "a" } }, { "NOT": { "author": { "username": "a" } } }] })),
        json(json!({ "OR": [{ "AND": [{ "seats": 1 }, { "day": "2026-11-27" }] }, { "seats": { "ne": 1 } },
                            { "day": { "ne": "2026-11-27" } }] })),
        "filterMode=OR&seats[gt]=6&seats[lt]=5&seats[in]=5,6".to_owned(),
        "filterMode=OR&seats[gt]=5&seats[lt]=6".to_owned(),
        "filterMode=OR&day[gte]=2026-01-01&day[lt]=2026-03-01".to_owned(),
        "filterMode=OR&price[lte]=9.50&price[gt]=3".to_owned(),
        json(json!({ "NOT": { "AND": [{ "seats": { "gt": 10 } }, { "seats": { "lt": 10 } }] } })),
        "filterMode=OR&price[lte]=9.5&price[gt]=9.50".to_owned(),
        json(json!({ "OR": [{ "price": "9.5" }, { "NOT": { "price": "9.50" } }] })),
        "filterMode=OR&seats[lte]=5&seats[gte]=6".to_owned(),
        "seats[gte]=-2147483648".to_owned(),
        "filterMode=OR&day[lte]=2026-01-01&day[gte]=2026-01-02".to_owned(),
        "startsAt[gte]=00:00".to_owned(),
        json(json!({ "OR": [{ "tickets": { "ne": null } }, { "NOT": { "tickets": { "contains": "" } } }] })),
    ] {
        root.delete(&many(&query)).expect(400, "MissingFilterCriteria");
        root.patch(&many(&query), json!({ "seats": 99 })).expect(400, "MissingFilterCriteria");
    }
    let comment = || json!({ "content": "a" });
    for filters in [
        json!({ "comments": { "every": {} } }),
        json!({ "OR": [{ "comments": { "some": comment() } }, { "comments": { "none": comment() } }] }),
        json!({ "OR": [{ "comments": { "every": comment() } }, { "comments": { "some": { "NOT": comment() } } }] }),
        json!({ "OR": [{ "comments": { "every": { "NOT": comment() } } }, { "comments": { "some": comment() } }] }),
        json!({ "OR": [{ "comments": { "some": {} } }, { "comments": { "none": comment() } }] }),
        json!({ "NOT": { "comments": { "some": { "AND": [comment(), { "NOT": comment() }] } } } }),
    ] {
        root.delete(&format!("/api/posts/many?{}", json(filters))).expect(400, "MissingFilterCriteria");
    }
    // A required relation always has a target.
    for query in ["post[id][isNull]=false".to_owned(), json(json!({ "OR": [{ "post": {} }, { "content": "a" }] }))] {
        root.delete(&format!("/api/comments/many?{query}")).expect(400, "MissingFilterCriteria");
    }
    assert_eq!(json!(seats(&shelf)), json!([10, 20, 30]));
}

#[test]
fn a_filter_that_all_rows_happen_to_meet_is_accepted() {
    let shelf = three();
    let root = shelf.app.super_user();
    let own = |filters: Value| encoded(&json!({ "contact": shelf.contact, "AND": [filters] }).to_string());
    for filters in [
        json!({ "seats": { "gte": 1 } }),
        json!({ "stage": { "in": ["planned", "open"] } }),
        json!({ "OR": [{ "stage": "planned" }, { "stage": "open" }] }),
        json!({ "OR": [{ "rating": { "gt": 1 } }, { "rating": { "lte": 1 } }] }),
        json!({ "OR": [{ "seats": 10 }, { "NOT": { "seats": 20 } }] }),
        json!({ "OR": [{ "seats": { "gt": 25 } }, { "seats": { "lt": 25 } }] }),
        json!({ "OR": [{ "price": { "lt": "9.5" } }, { "price": { "gt": "9.51" } }, { "seats": { "gt": 0 } }] }),
        json!({ "OR": [{ "author": { "username": "a" } }, { "NOT": { "author": { "username": "b" } } }] }),
    ] {
        root.patch(&many(&format!("filters={}", own(filters))), json!({ "seats": 99 })).succeeds(200);
    }
    assert_ne!(json!(seats(&shelf)), json!([10, 20, 30]));
}

#[test]
fn a_refused_filter_of_a_bulk_write_writes_nothing() {
    let shelf = three();
    let root = shelf.app.super_user();
    let own = format!("contact={}", shelf.contact);
    for query in [
        "seats[gtt]=1",
        "seats[gt]=x",
        "notes[isNull]=true",
        "filters=",
        "filters=%7B%22x%22:1%7D",
        "cursor=x",
        "count=false",
        "author[password][startsWith]=$2",
        "filterMode=XOR",
        "seats=10&seats=20",
        "title[mode]=insensitive",
        "orderBy[title]=asc",
        "author[nobody]=1",
    ] {
        root.delete(&many(&format!("{own}&{query}"))).expect(400, "InvalidRequestQuery");
        root.patch(&many(&format!("{own}&{query}")), json!({ "seats": 99 })).expect(400, "InvalidRequestQuery");
    }
    assert_eq!(json!(seats(&shelf)), json!([10, 20, 30]));
}

/// The contents of the comments on an article.
fn comments(app: &App, post: &str) -> Vec<Value> {
    app.super_user().get(&format!("/api/comments?postId={post}&sort=content")).succeeds(200).column("content")
}

#[test]
fn rows_are_chosen_by_their_related_rows() {
    let app = app();
    let grace = app.editor("grace");
    let [kept, gone] = ["kept", "gone"].map(|title| {
        let body = json!({ "title": title, "content": "…", "slug": unique(title), "status": "published" });
        let post = grace.post("/api/posts", body).succeeds(201).id();
        for content in ["one", "two"] {
            grace.post("/api/comments", json!({ "content": content, "post": { "id": post } })).succeeds(201);
        }
        post
    });
    let changed =
        grace.patch(&format!("/api/comments/many?post[id]={gone}&content=two"), json!({ "content": "three" }));
    assert_eq!(changed.succeeds(200)["results"], 1);
    assert_eq!(comments(&app, &gone), ["one", "three"]);
    assert_eq!(grace.delete(&format!("/api/comments/many?post[id]={gone}")).succeeds(200)["results"], 2);
    assert_eq!((comments(&app, &gone).len(), comments(&app, &kept)), (0, vec![json!("one"), json!("two")]));
    let without = format!("/api/posts/many?authorId={}&comments[none][content][isNull]=false", grace.id);
    assert_eq!(grace.delete(&without).succeeds(200).column("id"), [json!(gone)]);
    app.super_user().get(&format!("/api/posts/{kept}")).succeeds(200);
}

#[test]
fn a_bulk_write_reaches_no_row_by_a_relation_that_its_sender_does_not_see() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let draft = ada
        .post("/api/posts", json!({ "title": "Secret plan", "content": "…", "slug": unique("s") }))
        .succeeds(201)
        .id();
    ada.post("/api/comments", json!({ "content": "mine", "post": { "id": draft } })).succeeds(201);
    for query in ["post[title][contains]=Secret", "content=mine", "filters=%7B%22post%22:%7B%7D%7D"] {
        let list = format!("/api/comments/many?{query}&postId={draft}");
        assert_eq!(eve.delete(&list).succeeds(200)["results"], 0, "{query}");
        assert_eq!(eve.patch(&list, json!({ "content": "eve's" })).succeeds(200)["results"], 0, "{query}");
    }
    assert_eq!(comments(&app, &draft), ["mine"]);
}

#[test]
fn long_lists_in_many_alternatives_are_decided_in_time() {
    let shelf = three();
    let list = |from: usize| (from..from + 100).collect::<Vec<_>>();
    let pair =
        |n: usize| json!({ "AND": [{ "seats": { "in": list(n * 10) } }, { "visitors": { "notIn": list(n * 10) } }] });
    let any = json!({ "OR": (0..9).map(pair).collect::<Vec<_>>() });
    let any = json!({ "AND": [any, { "contact": shelf.contact }] });
    let start = std::time::Instant::now();
    let reply = shelf.app.super_user().delete(&many(&format!("filters={}", encoded(&any.to_string()))));
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    assert!([200, 400].contains(&reply.status), "{reply:?}");
}
