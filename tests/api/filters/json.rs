//! Filters as JSON in `filters={…}`, with `AND`, `OR` and `NOT`.

use serde_json::{Value, json};

use super::{encoded, refused, three};

#[test]
fn json_filters_mean_the_same_as_those_in_a_url() {
    let shelf = three();
    for (filters, kept) in [
        (json!({}), "abc"),
        (json!({ "seats": 20 }), "b"),
        (json!({ "seats": { "gt": 10, "lt": 30 } }), "b"),
        (json!({ "seats": [10, 30] }), "ac"),
        (json!({ "seats": { "notIn": [10, 30] } }), "b"),
        (json!({ "seats__gte": 20 }), "bc"),
        (json!({ "seats[gte]": 20, "isOnline": false }), "c"),
        (json!({ "rating": null }), "b"),
        (json!({ "rating": { "ne": null } }), "ac"),
        (json!({ "rating": { "isNull": true } }), "b"),
        (json!({ "rating": 4.5 }), "c"),
        (json!({ "price": { "gte": "10.00" } }), "bc"),
        (json!({ "price": { "gte": 10 } }), "bc"),
        (json!({ "isOnline": true }), "b"),
        (json!({ "visitors": 5_000_000_000_i64 }), "b"),
        (json!({ "day": { "gte": "2026-02-01" }, "stage": ["open", "planned"] }), "b"),
        (json!({ "title": { "icontains": "C" } }), "c"),
        (json!({ "title": "a,b" }), ""),
    ] {
        assert_eq!(shelf.json_titles(&filters).concat(), kept, "{filters}");
    }
}

#[test]
fn and_or_and_not_can_be_nested() {
    let shelf = three();
    for (filters, kept) in [
        (json!({ "OR": [{ "seats": 10 }, { "seats": 30 }] }), "ac"),
        (json!({ "AND": [{ "seats": { "gt": 10 } }, { "seats": { "lt": 30 } }] }), "b"),
        (json!({ "NOT": { "seats": 10 } }), "bc"),
        (json!({ "NOT": { "rating": { "gt": 2 } } }), "ab"),
        (json!({ "NOT": { "NOT": { "rating": { "gt": 2 } } } }), "c"),
        (json!({ "NOT": { "OR": [{ "seats": 10 }, { "rating": null }] } }), "c"),
        (
            json!({ "OR": [{ "AND": [{ "seats": 10 }, { "isOnline": true }] }, { "NOT": { "seats": { "lte": 20 } } }] }),
            "c",
        ),
        (json!({ "seats": { "gte": 20 }, "OR": [{ "stage": "open" }, { "stage": "planned" }] }), "b"),
        (json!({ "OR": [{}, { "seats": 10 }] }), "abc"),
        (json!({ "NOT": {} }), ""),
    ] {
        assert_eq!(shelf.json_titles(&filters).concat(), kept, "{filters}");
    }
}

#[test]
fn json_and_url_filters_are_joined_by_the_filter_mode() {
    let shelf = three();
    let filters = encoded(&json!({ "seats": { "gte": 20 } }).to_string());
    assert_eq!(shelf.titles(&format!("filters={filters}&isOnline=false")).concat(), "c");
    let other = encoded(&json!({ "isOnline": true }).to_string());
    assert_eq!(shelf.titles(&format!("filters={filters}&filters={other}")).concat(), "b");
}

#[test]
fn a_problem_is_reported_with_its_position() {
    let shelf = three();
    for (filters, field, expected) in [
        (json!({ "titel": "x" }), "filters.titel", "is not a known query parameter"),
        (json!({ "title": { "like": "x" } }), "filters.title.like", "is not a known query parameter"),
        (json!({ "title__like": "x" }), "filters.title__like", "is not a known query parameter"),
        (
            json!({ "OR": [{ "seats": 1 }, { "seats": { "gte": "x" } }] }),
            "filters.OR.1.seats.gte",
            "must be an integer of 32 bits",
        ),
        (json!({ "seats": "20" }), "filters.seats", "must be an integer of 32 bits"),
        (json!({ "seats": 20.5 }), "filters.seats", "must be an integer of 32 bits"),
        (json!({ "seats": [1, null] }), "filters.seats", "must be an integer of 32 bits"),
        (json!({ "seats": [] }), "filters.seats", "must be a list with at least one value"),
        (json!({ "seats": { "in": 1 } }), "filters.seats.in", "must be a list"),
        (json!({ "seats": { "gt": null } }), "filters.seats.gt", "must be an integer of 32 bits"),
        (json!({ "seats": {} }), "filters.seats", "must be a value, or an object with at least one operator"),
        (json!({ "seats": { "isNull": "yes" } }), "filters.seats.isNull", "must be true or false"),
        (json!({ "title": 5 }), "filters.title", "must be text"),
        (json!({ "title": "a\0" }), "filters.title", "must be text without NUL characters"),
        (json!({ "isOnline": "true" }), "filters.isOnline", "must be true or false"),
        (json!({ "stage": "shut" }), "filters.stage", "must be one of planned, open, sold-out"),
        (json!({ "AND": {} }), "filters.AND", "must be a list with at least one filter"),
        (json!({ "OR": [] }), "filters.OR", "must be a list with at least one filter"),
        (json!({ "OR": [1] }), "filters.OR.0", "must be an object"),
        (json!({ "NOT": [] }), "filters.NOT", "must be an object"),
        (json!({ "": 1 }), "filters.", "is not a known query parameter"),
        (json!([]), "filters", "must be an object"),
        (json!("x"), "filters", "must be an object"),
    ] {
        let (named, message) = refused(shelf.list(&format!("filters={}", encoded(&filters.to_string()))));
        assert_eq!((named.as_str(), message), (field, format!("'{field}' {expected}")), "{filters}");
    }
    for text in ["", "{", "{}{}", "{'seats':1}", "{\"seats\":1,\"seats\":2}", "nul", "{\"title\":\"\\ud800\"}"] {
        assert_eq!(
            refused(shelf.list(&format!("filters={}", encoded(text)))).1,
            "'filters' must be a JSON object",
            "{text}"
        );
    }
}

/// `{ "NOT": { "NOT": … inner … } }`
fn nots(count: usize, inner: Value) -> Value {
    (0..count).fold(inner, |inner, _| json!({ "NOT": inner }))
}

#[test]
fn the_depth_of_nesting_is_limited() {
    let shelf = three();
    assert_eq!(shelf.json_titles(&nots(8, json!({ "seats": 10 }))).concat(), "a");
    for count in [9, 60, 126] {
        let message =
            refused(shelf.list(&format!("filters={}", encoded(&nots(count, json!({ "seats": 10 })).to_string())))).1;
        assert!(message.ends_with("is nested deeper than 8 times"), "{message}");
    }
    for count in [200, 3_000] {
        let text = format!("{}{}", "{\"NOT\":".repeat(count), "}".repeat(count));
        refused(shelf.list(&format!("filters={}", encoded(&text))));
        refused(shelf.list(&format!("filters={}", encoded(&"[".repeat(count)))));
    }
}

#[test]
fn filters_within_json_are_counted_with_those_of_the_url() {
    let shelf = three();
    let any = |element: Value, count: usize| {
        format!("filters={}", encoded(&json!({ "OR": vec![element; count] }).to_string()))
    };
    // One of the twenty conditions is that of the shelf.
    for element in [json!({ "seats": 10 }), json!({}), json!({ "NOT": {} })] {
        shelf.list(&any(element.clone(), 19)).succeeds(200);
        assert_eq!(refused(shelf.list(&any(element, 20))).1, "at most 20 filters are allowed");
    }
    let tests = json!({ "OR": vec![json!({ "seats": { "gt": 1, "lt": 2 } }); 10] });
    assert_eq!(
        refused(shelf.list(&format!("filters={}", encoded(&tests.to_string())))).1,
        "at most 20 filters are allowed"
    );
    let list = |count: usize| format!("filters={}", encoded(&json!({ "seats": vec![10; count] }).to_string()));
    shelf.list(&list(100)).succeeds(200);
    assert_eq!(refused(shelf.list(&list(101))).1, "'filters.seats' may list at most 100 values");
}
