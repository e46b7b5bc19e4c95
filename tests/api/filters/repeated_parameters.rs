//! Repeated parameters in a URL, and `null`.

use serde_json::json;

use super::{Shelf, encoded, refused, three};

#[test]
fn a_key_that_takes_a_list_may_be_repeated() {
    let shelf = three();
    for query in [
        "seats__in=10&seats__in=30",
        "seats[in]=10&seats[in]=30",
        "seats__in=10&seats[in]=30",
        "seats[in][]=10&seats[in][]=30",
        "seats__in[]=10&seats__in[]=30",
        "seats[in][0]=10&seats[in][1]=30",
        "seats[in]=10,30&seats[in]=10",
        "seats__or=10&seats__or=30",
        "seats[notIn]=20&seats[notIn]=21",
        "seats[not][in]=20&seats[notIn]=21",
    ] {
        assert_eq!(shelf.titles(query).concat(), "ac", "{query}");
    }
}

#[test]
fn an_element_in_brackets_may_have_a_comma() {
    let shelf = Shelf::of(&[("a,b", json!({})), ("a", json!({})), ("b", json!({}))]);
    assert_eq!(shelf.titles("title[in][]=a,b"), ["a,b"]);
    assert_eq!(shelf.titles("title[in]=a,b"), ["a", "b"]);
}

#[test]
fn any_other_key_is_refused_the_second_time() {
    let shelf = three();
    for (query, field) in [
        ("seats=10&seats=20", "seats"),
        ("seats=10&seats=10", "seats"),
        ("seats=10&seats[eq]=20", "seats[eq]"),
        ("seats=10&seats__equals=20", "seats__equals"),
        ("seats[gt]=10&seats__gt=20", "seats__gt"),
        ("title[contains]=a&title[contains]=b", "title[contains]"),
        ("seats=10&seats=20&filterMode=OR", "seats"),
        ("OR[0][seats]=10&OR[0][seats]=20", "OR[0][seats]"),
        ("title[contains]=a&title[mode]=default&title[mode]=insensitive", "title[mode]"),
    ] {
        let reply = shelf.list(query);
        assert_eq!(reply.problems(), ["RepeatedParameter"], "{query}");
        let (named, message) = refused(reply);
        assert_eq!(named, field);
        assert!(message.contains("write 'in'") && message.contains("'AND[0]'"), "{message}");
    }
    let related = "author[username]=a&author[is][username]=b";
    let reply = shelf.app.super_user().get(&format!("/api/readings?{related}"));
    assert_eq!(refused(reply).0, "author[is][username]");
    assert_eq!(shelf.titles("AND[0][seats][gt]=10&AND[1][seats][gt]=20").concat(), "c");
}

#[test]
fn a_list_behind_a_field_is_refused_with_the_operator_to_use() {
    let shelf = three();
    for name in ["title[]", "seats[]"] {
        let (field, message) = refused(shelf.list(&format!("{name}=1")));
        assert_eq!((field.as_str(), message.contains("behind 'in'")), (name, true), "{message}");
    }
    for name in ["nobody[]", "seats[gt][]", "seats[0]", "seats[gt][0]"] {
        assert_eq!(refused(shelf.list(&format!("{name}=1"))).0, name);
    }
}

#[test]
fn null_finds_rows_without_a_value() {
    let shelf = three();
    for (query, kept) in [
        ("rating=null", "b"),
        ("rating[eq]=null", "b"),
        ("rating[equals]=null", "b"),
        ("rating[ne]=null", "ac"),
        ("rating[not]=null", "ac"),
        ("tickets=null", "b"),
        ("tickets[not]=null", "ac"),
        ("extras=null", "bc"),
        ("extras[not]=null", "a"),
        ("authorId=null", "abc"),
        ("deletedAt=null", "abc"),
        ("rating[in]=null", "b"),
        ("rating[in]=1.5,null", "ab"),
        ("rating[in][]=1.5&rating[in][]=null", "ab"),
        ("rating[notIn]=null", "ac"),
        ("rating[notIn]=1.5,null", "c"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
    for (filters, kept) in [
        (json!({ "extras": null }), "bc"),
        (json!({ "rating": { "not": null } }), "ac"),
        (json!({ "rating": [1.5, null] }), "ab"),
        (json!({ "rating": { "notIn": [1.5, null] } }), "c"),
    ] {
        assert_eq!(shelf.json_titles(&filters).concat(), kept, "{filters}");
    }
}

#[test]
fn the_text_null_can_be_compared_in_json_or_for_required_fields() {
    let shelf = Shelf::of(&[("null", json!({})), ("nil", json!({ "tickets": "https://example.com/null" }))]);
    assert_eq!(shelf.titles("title=null"), ["null"]);
    assert_eq!(shelf.titles("title[in]=null"), ["null"]);
    assert_eq!(shelf.titles("tickets=null"), ["null"]);
    assert_eq!(shelf.titles("tickets[contains]=null"), ["nil"]);
    assert_eq!(shelf.json_titles(&json!({ "tickets": { "eq": "null" } })).len(), 0, "as a text");
    for query in ["seats=null", "stage=null", "day=null", "seats[in]=null"] {
        refused(shelf.list(query));
    }
    refused(shelf.list(&format!("filters={}", encoded(&json!({ "rating": "null" }).to_string()))));
}

#[test]
fn an_option_of_an_included_relation_is_given_once_however_it_is_spelled() {
    let app = crate::harness::app();
    for query in [
        "comments[limit]=1&comments[limit]=5",
        "comments[limit]=1&comments__limit=7",
        "comments[sort]=content&comments__sort=-content",
    ] {
        let reply = app.get(&format!("/api/posts?fields=id,comments.id&{query}")).expect(400, "InvalidRequestQuery");
        assert_eq!(reply.problems(), ["RepeatedParameter"], "{query}");
    }
    app.get("/api/posts?fields=id,comments.id&comments[limit]=1&comments[sort]=content").succeeds(200);
}
