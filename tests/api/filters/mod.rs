//! Filters, sorting and pages of lists: operators, values and their limits. The submodules test relations, JSON, search,
//! cursors and bulk writes.

mod any_input;
mod bulk_writes;
mod cost_growth;
mod cursors;
mod documented;
mod hidden_data;
mod json;
mod prisma_operators;
mod related_models;
mod repeated_parameters;
mod search;

use serde_json::{Map, Value, json};

use crate::harness::{Reply, SharedApp, app};

/// Readings of one test, which are distinguished from others by their contact.
struct Shelf {
    app: SharedApp,
    contact: String,
}

impl Shelf {
    /// Makes one reading for each title, with these fields.
    fn of(readings: &[(&str, Value)]) -> Self {
        let shelf = Self { app: app(), contact: format!("{}@example.com", uuid::Uuid::now_v7()) };
        for (title, fields) in readings {
            shelf.add(title, fields.clone());
        }
        shelf
    }

    /// The id of a reading.
    fn add(&self, title: &str, fields: Value) -> String {
        let mut body = json!({
            "title": title, "contact": self.contact, "seats": 1, "price": "1", "day": "2026-03-22", "startsAt": "19:30"
        });
        if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
            body.extend(fields);
        }
        self.app.super_user().post("/api/readings", body).succeeds(201).id()
    }

    fn list(&self, query: &str) -> Reply {
        self.app.get(&format!("/api/readings?contact={}&{query}", self.contact))
    }

    /// The titles of the rows that a query finds, sorted.
    #[track_caller]
    fn titles(&self, query: &str) -> Vec<String> {
        titles(&self.list(&format!("sort=title&{query}")).succeeds(200))
    }

    /// The titles of the rows that `filters={…}` finds.
    #[track_caller]
    fn json_titles(&self, filters: &Value) -> Vec<String> {
        self.titles(&format!("filters={}", encoded(&filters.to_string())))
    }
}

fn titles(reply: &Reply) -> Vec<String> {
    reply.column("title").iter().map(|title| title.as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Asserts that a query is refused, and returns its parameter and the message about it.
#[track_caller]
fn refused(reply: Reply) -> (String, String) {
    let reply = reply.expect(400, "InvalidRequestQuery");
    let problem = &reply["meta"]["errors"][0];
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    (text("field"), text("message"))
}

/// Three readings that differ in every field; the second one has no optional field.
fn three() -> Shelf {
    Shelf::of(&[
        (
            "a",
            json!({
                "seats": 10, "visitors": 0, "rating": 1.5, "price": "9.90", "isOnline": false, "day": "2026-01-01",
                "startsAt": "18:00", "announcedAt": "2026-01-01T00:00:00Z", "stage": "planned",
                "doorCode": "018f3f2e-0000-7000-8000-00000000000a", "tickets": "https://example.com/a", "extras": { "k": 1 }
            }),
        ),
        (
            "b",
            json!({
                "seats": 20, "visitors": 5_000_000_000_i64, "price": "10.00", "isOnline": true, "day": "2026-02-01",
                "startsAt": "19:30", "announcedAt": "2026-02-01T12:30:00.250Z", "stage": "open",
                "doorCode": "018f3f2e-0000-7000-8000-00000000000b"
            }),
        ),
        (
            "c",
            json!({
                "seats": 30, "visitors": 7, "rating": 4.5, "price": "100.00", "isOnline": false, "day": "2026-10-01",
                "startsAt": "21:00", "announcedAt": "2026-10-01T00:00:00Z", "stage": "sold-out",
                "doorCode": "018f3f2e-0000-7000-8000-00000000000c", "tickets": "https://example.com/c"
            }),
        ),
    ])
}

#[test]
fn every_type_is_compared_by_its_own_order() {
    let shelf = three();
    for (query, kept) in [
        ("seats=20", "b"),
        ("seats[ne]=20", "ac"),
        ("seats[gt]=20", "c"),
        ("seats[gte]=20", "bc"),
        ("seats[lt]=20", "a"),
        ("seats[lte]=20", "ab"),
        ("seats[in]=10,30,99", "ac"),
        ("seats[notIn]=10,99", "bc"),
        ("visitors[gt]=4999999999", "b"),
        ("rating=4.5", "c"),
        ("rating[lt]=4.5", "a"),
        ("price=10", "b"),
        ("price[gt]=9.9", "bc"),
        ("price[gte]=9.90", "abc"),
        ("price[in]=9.9,100", "ac"),
        ("isOnline=true", "b"),
        ("isOnline[ne]=true", "ac"),
        ("day[gte]=2026-02-01", "bc"),
        ("day[lt]=2026-10-01", "ab"),
        ("startsAt[gt]=18:00", "bc"),
        ("startsAt=18:00:00", "a"),
        ("announcedAt[gte]=2026-02-01T12:30:00.250Z", "bc"),
        ("announcedAt[gt]=2026-02-01T12:30:00.250Z", "c"),
        ("announcedAt[lt]=2026-02-01T13:30:00.251%2B01:00", "ab"),
        ("stage=sold-out", "c"),
        ("stage[in]=planned,open", "ab"),
        ("stage[ne]=open", "ac"),
        ("doorCode=018F3F2E-0000-7000-8000-00000000000B", "b"),
        ("doorCode[notIn]=018f3f2e-0000-7000-8000-00000000000b", "ac"),
        ("title[gt]=a", "bc"),
        ("seats[gt]=10&seats[lt]=30", "b"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
}

#[test]
fn a_missing_value_differs_from_every_value_and_meets_no_other_comparison() {
    let shelf = three();
    for (query, kept) in [
        ("rating[isNull]=true", "b"),
        ("rating[isNull]=false", "ac"),
        ("rating[ne]=1.5", "bc"),
        ("rating[notIn]=1.5,4.5", "b"),
        ("rating[gte]=0", "ac"),
        ("rating[lte]=5", "ac"),
        ("tickets[contains]=example", "ac"),
        ("tickets[contains]=", "ac"),
        ("tickets[ne]=https://example.com/a", "bc"),
        ("tickets=", ""),
        ("tickets[ne]=", "abc"),
        ("extras[isNull]=true", "bc"),
        ("extras[isNull]=false", "a"),
        ("seats[isNull]=true", ""),
        ("deletedAt[isNull]=true", "abc"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
}

#[test]
fn both_spellings_and_their_mixture_mean_the_same() {
    let shelf = three();
    for query in
        ["seats[gte]=20&day[lt]=2026-10-01", "seats__gte=20&day__lt=2026-10-01", "seats%5Bgte%5D=20&day__lt=2026-10-01"]
    {
        assert_eq!(shelf.titles(query), ["b"], "{query}");
    }
    assert_eq!(shelf.titles("seats[eq]=20"), shelf.titles("seats=20"));
}

const ODD: [&str; 12] =
    ["100%", "100x", "a_b", "axb", "wow!", "wow", "it's \"so\"", "back\\slash", "🦀 crab", "Ünï", "Straße", "[x]&=#+"];

/// The titles that contain a text, according to the standard library.
fn odd(keeps: impl Fn(&str) -> bool) -> Vec<String> {
    let mut kept: Vec<String> = ODD.iter().filter(|title| keeps(title)).map(|title| (*title).to_owned()).collect();
    kept.sort();
    kept
}

#[test]
fn every_character_of_a_text_is_literal() {
    let shelf = Shelf::of(&ODD.map(|title| (title, json!({}))));
    let pieces =
        ["%", "_", "!", "'", "\"", "\\", "🦀", "a_b", "00%", "!%", "s", "S", "ß", "ü", "Ü", "[x]", "+", "b", ""];
    for piece in pieces.into_iter().chain(ODD) {
        let kept = |operator: &str| {
            let mut kept = shelf.titles(&format!("title[{operator}]={}", encoded(piece)));
            kept.sort();
            kept
        };
        assert_eq!(kept("contains"), odd(|title| title.contains(piece)), "contains {piece:?}");
        assert_eq!(kept("startsWith"), odd(|title| title.starts_with(piece)), "startsWith {piece:?}");
        assert_eq!(kept("endsWith"), odd(|title| title.ends_with(piece)), "endsWith {piece:?}");
        assert_eq!(kept("eq"), odd(|title| title == piece), "eq {piece:?}");
        assert_eq!(kept("ne"), odd(|title| title != piece), "ne {piece:?}");
    }
}

#[test]
fn the_insensitive_operators_fold_letters() {
    let shelf = Shelf::of(&[("On Engines", json!({})), ("on 100%", json!({})), ("ENGINES ON", json!({}))]);
    for (query, kept) in [
        ("title[icontains]=eNGINES", vec!["ENGINES ON", "On Engines"]),
        ("title[istartsWith]=ON", vec!["On Engines", "on 100%"]),
        ("title[iendsWith]=oN", vec!["ENGINES ON"]),
        ("title[iendsWith]=ON%20100%25", vec!["on 100%"]),
        ("title[icontains]=_", vec![]),
        ("title[contains]=engines", vec![]),
    ] {
        let mut found = shelf.titles(query);
        found.sort();
        assert_eq!(found, kept, "{query}");
    }
}

#[test]
fn filters_are_joined_by_the_filter_mode() {
    let shelf = three();
    let both = "seats=10&isOnline=true";
    assert_eq!(shelf.titles(both).concat(), "");
    assert_eq!(shelf.titles(&format!("{both}&filterMode=AND")).concat(), "");
    // The filter of the shelf would be one of the alternatives.
    let any = |query: &str| {
        let all: Vec<String> =
            titles(&shelf.app.get(&format!("/api/readings?limit=100&filterMode=OR&{query}")).succeeds(200));
        all.concat()
    };
    let either = format!("id={}&id[in]={}", id(&shelf, "a"), id(&shelf, "c"));
    assert_eq!(any(&format!("{either}&sort=title")), "ac");
    assert_eq!(any(&format!("{either}&search=example.com/C&sort=title")), "c", "a search narrows whatever the mode is");
    for mode in ["or", "XOR", ""] {
        let (field, message) = refused(shelf.list(&format!("filterMode={mode}")));
        assert_eq!((field.as_str(), message.as_str()), ("filterMode", "'filterMode' must be AND or OR"));
    }
}

fn id(shelf: &Shelf, title: &str) -> String {
    let ids = shelf.list(&format!("title={title}")).succeeds(200).column("id");
    ids[0].as_str().expect("an id").to_owned()
}

#[test]
fn a_value_of_another_type_is_refused_with_what_was_expected() {
    let shelf = Shelf::of(&[]);
    for (parameter, value, expected) in [
        ("seats", "ten", "an integer of 32 bits"),
        ("seats", "", "an integer of 32 bits"),
        ("seats[gt]", "2147483648", "an integer of 32 bits"),
        ("seats[gt]", "1.5", "an integer of 32 bits"),
        ("seats[in]", "1,x", "an integer of 32 bits"),
        ("seats[in]", "1,", "an integer of 32 bits"),
        ("visitors", "9223372036854775808", "an integer of 64 bits"),
        ("rating", "NaN", "a number"),
        ("rating[lt]", "inf", "a number"),
        ("rating[lt]", "1e999", "a number"),
        ("price", "1,5", "a decimal number"),
        ("price", "1e5", "a decimal number"),
        ("isOnline", "yes", "true or false"),
        ("isOnline", "1", "true or false"),
        ("seats[isNull]", "null", "true or false"),
        ("day", "2026-02-30", "a date as YYYY-MM-DD"),
        ("startsAt", "25:00", "a time as HH:MM:SS"),
        ("announcedAt", "yesterday", "a date and time in ISO 8601"),
        ("doorCode", "1", "a UUID"),
        ("stage", "Open", "one of planned, open, sold-out"),
        ("stage[in]", "open,shut", "one of planned, open, sold-out"),
        ("title", "%00", "text without NUL characters"),
        ("title[contains]", "a%00b", "text without NUL characters"),
    ] {
        let (field, message) = refused(shelf.list(&format!("{parameter}={value}")));
        assert_eq!((field, message), (parameter.to_owned(), format!("'{parameter}' must be {expected}")));
    }
}

#[test]
fn an_unknown_parameter_is_refused_and_named() {
    let shelf = Shelf::of(&[]);
    for name in [
        "titel",
        "title[like]",
        "title[contains][x]",
        "title[regex]",
        "title__",
        "__title",
        "title[",
        "title]",
        "[title]",
        "title[contains",
        "title.contains",
        "Title",
        "title[Contains]",
        "author[nobody]",
        "seats[contains]",
        "isOnline[gt]",
        "stage[lt]",
        "doorCode[gte]",
        "doorCode[contains]",
        "extras",
        "extras[eq]",
        "extras[k]",
        "",
        "author",
        "author[isNull]",
        "author[some][name]",
        "deleted_at",
        "door_code",
        "Filters",
        "1",
    ] {
        let (field, message) = refused(shelf.list(&format!("{}=x", encoded(name))));
        assert_eq!((field.as_str(), message), (name, format!("'{name}' is not a known query parameter")));
    }
}

#[test]
fn parameters_that_may_occur_once_are_refused_if_repeated() {
    let shelf = Shelf::of(&[]);
    for (name, value) in [("page", "1"), ("limit", "1"), ("sort", "title"), ("count", "true"), ("filterMode", "AND")] {
        let (field, _) = refused(shelf.list(&format!("{name}={value}&{name}={value}")));
        assert_eq!(field, name);
    }
}

#[test]
fn invalid_utf8_is_refused_and_not_compared_as_another_text() {
    let shelf = Shelf::of(&[("\u{FFFD}", json!({}))]);
    refused(shelf.list("title=%FF"));
    refused(shelf.list("ti%FFtle=x"));
    assert_eq!(shelf.titles("title=%EF%BF%BD").len(), 1);
}

#[test]
fn as_many_filters_and_values_as_allowed_pass_and_one_more_does_not() {
    let shelf = three();
    // One of the twenty conditions is that of the shelf.
    let filters = |count: usize| (1..count).map(|nth| format!("AND[{nth}][seats][gt]=1")).collect::<Vec<_>>().join("&");
    assert_eq!(shelf.titles(&filters(20)).concat(), "abc");
    assert_eq!(refused(shelf.list(&filters(21))).1, "at most 20 filters are allowed");
    let values = |count: usize| format!("seats[in]={}", vec!["10"; count].join(","));
    assert_eq!(shelf.titles(&values(100)).concat(), "a");
    assert_eq!(
        refused(shelf.list(&values(101))),
        ("seats[in]".into(), "'seats[in]' may list at most 100 values".into())
    );
}

#[test]
fn the_size_of_a_refusal_does_not_grow_with_the_number_of_problems() {
    let shelf = Shelf::of(&[]);
    let names = |count: usize| (0..count).map(|nth| format!("a{nth}"));
    let reply = shelf.list(&names(5000).map(|name| name + "=1").collect::<Vec<_>>().join("&"));
    assert_eq!(reply.expect(400, "InvalidRequestQuery").problems().len(), 20);
    let reply = shelf.app.get(&format!("/api/readings?sort={}", names(60).collect::<Vec<_>>().join(",")));
    assert_eq!(reply.expect(400, "InvalidRequestQuery").problems().len(), 20);
    // The same problem is reported once.
    let reply = shelf.list(&vec!["a=1"; 5000].join("&"));
    assert_eq!(reply.expect(400, "InvalidRequestQuery").problems().len(), 1);
}

#[test]
fn very_long_texts_are_looked_for_and_not_found() {
    let shelf = three();
    for operator in ["contains", "icontains", "startsWith", "iendsWith", "eq", "ne"] {
        let kept = shelf.titles(&format!("title[{operator}]={}", "%25".repeat(15_000)));
        assert_eq!(kept.len(), if operator == "ne" { 3 } else { 0 }, "{operator}");
    }
    assert_eq!(shelf.titles(&format!("search={}", "x".repeat(55_000))).len(), 0);
}

#[test]
fn a_list_without_a_total_says_nothing_of_it() {
    let shelf = three();
    let keys = |query: &str| -> Vec<String> {
        let reply = shelf.list(query).succeeds(200);
        let object: &Map<String, Value> = reply.json.as_object().expect("an object");
        object.keys().filter(|key| *key != "nextCursor").cloned().collect()
    };
    let without = ["data", "hasNextPage", "hasPrevPage", "limit", "page", "results"];
    assert_eq!(keys("count=false"), without);
    assert_eq!(keys("count=false&limit=1&page=2"), without);
    assert_eq!(keys("count=true"), keys(""));
    let page = shelf.list("count=false&limit=2&sort=title").succeeds(200);
    assert_eq!((titles(&page), &page["hasNextPage"]), (vec!["a".to_owned(), "b".to_owned()], &json!(true)));
    assert_eq!(shelf.list("count=false&limit=3").succeeds(200)["hasNextPage"], false);
    assert_eq!(refused(shelf.list("count=no")).1, "'count' must be true or false");
}
