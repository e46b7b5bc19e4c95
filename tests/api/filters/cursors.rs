//! Cursors: reading a list while rows are added and deleted, and cursors that are refused.

use serde_json::json;

use super::{Shelf, refused, titles};
use crate::harness::Reply;

/// Readings with many ties in their sort order: ratings are missing, repeated and different.
fn ranked() -> Shelf {
    let ratings = [json!(null), json!(1.0), json!(2.5), json!(null), json!(2.5), json!(1.0), json!(4.0)];
    let rows: Vec<_> = ratings.iter().enumerate().map(|(nth, rating)| (nth.to_string(), rating)).collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(title, rating)| {
            let online = title.parse::<u32>().is_ok_and(|nth| nth % 2 == 0);
            let day = if online { "2026-01-01" } else { "2026-01-02" };
            (title.as_str(), json!({ "rating": rating, "isOnline": online, "day": day, "price": "0.30" }))
        })
        .collect();
    Shelf::of(&rows)
}

fn next(reply: &Reply) -> Option<String> {
    reply["nextCursor"].as_str().map(str::to_owned)
}

/// Reads all pages and returns their rows; `between` runs after each page.
#[track_caller]
fn walk(shelf: &Shelf, query: &str, mut between: impl FnMut(&Reply)) -> Vec<String> {
    let mut seen = Vec::new();
    let mut page = shelf.list(&format!("limit=2&{query}")).succeeds(200);
    loop {
        seen.extend(titles(&page));
        between(&page);
        assert_eq!(next(&page).is_some(), page["hasNextPage"] == true, "{page:?}");
        let Some(cursor) = next(&page) else { return seen };
        page = shelf.list(&format!("limit=2&{query}&cursor={cursor}")).succeeds(200);
        assert!(page["page"].is_null() && page["hasPrevPage"] == true, "{page:?}");
        assert!(seen.len() < 100, "it goes round in circles");
    }
}

const SORTS: [&str; 16] = [
    "id",
    "-id",
    "rating",
    "-rating",
    "rating,-title",
    "-rating,isOnline",
    "isOnline,-rating",
    "-isOnline,title",
    "title",
    "day,rating",
    "-day",
    "price",
    "announcedAt",
    "-startsAt,doorCode",
    "stage,tickets",
    "visitors,-seats",
];

#[test]
fn a_walk_sees_every_row_once_and_in_order() {
    let shelf = ranked();
    for sort in SORTS {
        let whole = titles(&shelf.list(&format!("sort={sort}")).succeeds(200));
        assert_eq!(whole.len(), 7);
        assert_eq!(walk(&shelf, &format!("sort={sort}"), |_| ()), whole, "{sort}");
        assert_eq!(walk(&shelf, &format!("sort={sort}&count=false&fields=title"), |_| ()), whole, "{sort}");
    }
    assert_eq!(walk(&shelf, "", |_| ()), ["0", "1", "2", "3", "4", "5", "6"]);
    assert_eq!(walk(&shelf, "rating[isNull]=false&sort=-rating,title", |_| ()), ["6", "2", "4", "1", "5"]);
}

#[test]
fn rows_added_and_deleted_meanwhile_do_not_shift_pages() {
    for sort in ["rating,title", "-rating,title", "title", "-title", "isOnline,-rating,title"] {
        let shelf = ranked();
        let whole = titles(&shelf.list(&format!("sort={sort}")).succeeds(200));
        let mut round = 0;
        let seen = walk(&shelf, &format!("sort={sort}"), |page| {
            round += 1;
            // The row of the cursor is deleted, and others are added before and after it.
            let ids = page.column("id");
            let last = ids.last().and_then(|id| id.as_str()).expect("a row");
            shelf.app.super_user().delete(&format!("/api/readings/{last}")).succeeds(204);
            if round < 4 {
                shelf.add(
                    &format!("new {round}"),
                    json!({ "rating": if round == 1 { json!(null) } else { json!(2.5) } }),
                );
            }
        });
        let old: Vec<&String> = seen.iter().filter(|title| !title.starts_with("new")).collect();
        assert_eq!(old, whole.iter().collect::<Vec<_>>(), "{sort}");
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{sort}: {seen:?}");
    }
}

#[test]
fn the_total_is_that_of_the_whole_list() {
    let shelf = ranked();
    let first = shelf.list("limit=2&sort=title").succeeds(200);
    let cursor = next(&first).expect("there is more");
    let second = shelf.list(&format!("limit=3&sort=title&cursor={cursor}")).succeeds(200);
    assert_eq!(
        (titles(&second).concat(), &second["total"], &second["pages"]),
        ("234".to_owned(), &json!(7), &json!(3))
    );
    assert!(shelf.list(&format!("sort=title&count=false&cursor={cursor}")).succeeds(200)["total"].is_null());
}

#[test]
fn a_cursor_holds_for_its_query_alone() {
    let shelf = ranked();
    let query = "limit=2&sort=-rating&seats=1";
    let cursor = next(&shelf.list(query).succeeds(200)).expect("there is more");
    shelf.list(&format!("{query}&cursor={cursor}")).succeeds(200);
    for other in [
        "sort=rating&seats=1",
        "sort=-rating",
        "sort=-rating,title&seats=1",
        "sort=-rating&seats=2",
        "seats=1",
        "sort=-rating&seats[gt]=1",
        "sort=-rating&seats=1&day=2026-01-01",
        "sort=-rating&seats=1&search=x",
        "sort=-rating&seats=1&filterMode=OR",
        "sort=-rating&seats=1&filters=%7B%7D",
    ] {
        let (field, message) = refused(shelf.list(&format!("{other}&cursor={cursor}")));
        assert_eq!((field.as_str(), message.as_str()), ("cursor", "'cursor' is not one of this query"), "{other}");
    }
    for path in ["posts?", "comments?", "tags?", "readings?sort=-rating&"] {
        refused(shelf.app.get(&format!("/api/{path}cursor={cursor}")));
    }
    let of_posts = "sort=-updatedAt&limit=1";
    let own = shelf.app.super_user().get(&format!("/api/auth-permissions?{of_posts}")).succeeds(200);
    refused(
        shelf.app.super_user().get(&format!("/api/users?{of_posts}&cursor={}", next(&own).expect("there is more"))),
    );
}

#[test]
fn a_cursor_that_was_changed_is_refused() {
    let shelf = ranked();
    let cursor = next(&shelf.list("limit=2&sort=rating").succeeds(200)).expect("there is more");
    let with = |cursor: &str| shelf.list(&format!("limit=2&sort=rating&cursor={cursor}"));
    with(&cursor).succeeds(200);
    for position in (0..cursor.len()).step_by(3) {
        let mut forged = cursor.clone().into_bytes();
        forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
        refused(with(&String::from_utf8(forged).expect("text")));
    }
    let long = [cursor.as_str(), &"A".repeat(60_000)].concat();
    for forged in [
        "",
        "A",
        "null",
        "%5B%5D",
        "%00",
        "%F0%9F%A6%80",
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &cursor[..32],
        &long,
    ] {
        assert_eq!(refused(with(forged)).1, "'cursor' is not one of this query");
    }
    refused(with(&format!("{cursor}%3D")));
    refused(with(&format!("{cursor}&cursor={cursor}")));
}

#[test]
fn a_cursor_and_a_page_exclude_each_other() {
    let shelf = ranked();
    let cursor = next(&shelf.list("limit=2").succeeds(200)).expect("there is more");
    assert_eq!(refused(shelf.list(&format!("page=1&cursor={cursor}"))).1, "'cursor' and 'page' exclude each other");
}

#[test]
fn a_list_sorted_by_texts_too_long_for_a_cursor_has_pages_only() {
    let app = crate::harness::app();
    let ada = app.sign_up("ada");
    for first in ["a", "b"] {
        let body = json!({ "title": first.repeat(3), "content": first.repeat(9000), "slug": uuid::Uuid::now_v7() });
        ada.post("/api/posts", body).succeeds(201);
    }
    let list = format!("/api/posts?authorId={}&sort=content&limit=1", ada.id);
    let first = ada.get(&list).succeeds(200);
    assert_eq!((&first["hasNextPage"], next(&first)), (&json!(true), None));
    assert_eq!(titles(&ada.get(&format!("{list}&page=2")).succeeds(200)), ["bbb"]);
}
