//! Operators by the names that Prisma and Arkos use.

use serde_json::{Value, json};

use super::{Shelf, encoded, refused, three};

#[test]
fn operators_of_prisma_are_synonyms() {
    let shelf = three();
    for (query, kept) in [
        ("seats[equals]=20", "b"),
        ("seats__not=20", "ac"),
        ("seats__not__equals=20", "ac"),
        ("seats[not][equals]=20", "ac"),
        ("seats[not][not]=20", "b"),
        ("seats[not][gt]=10", "a"),
        ("seats[not][in]=10,20", "c"),
        ("seats[not][notIn]=10,20", "ab"),
        ("title[not][contains]=a", "bc"),
        ("tickets[not][contains]=example.com/a", "bc"),
        ("rating[not]=1.5", "bc"),
        ("rating[not][isNull]=true", "ac"),
        ("stage[or]=planned,open", "ab"),
        ("title__or=a,c", "ac"),
        ("title[isEmpty]=true", ""),
        ("tickets[isEmpty]=false", "abc"),
        ("title[contains]=A&title[mode]=insensitive", "a"),
        ("title[mode]=insensitive&title[not][contains]=A", "bc"),
        ("title[contains]=A&title[mode]=default", ""),
        ("title[mode]=default&title=a", "a"),
        ("tickets[endsWith]=/A&tickets__mode=insensitive", "a"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
    for (filters, kept) in [
        (json!({ "seats": { "equals": 20 } }), "b"),
        (json!({ "seats": { "not": 20 } }), "ac"),
        (json!({ "seats": { "not": { "gt": 10, "lt": 30 } } }), "ac"),
        (json!({ "seats": { "not": { "not": { "equals": 20 } } } }), "b"),
        (json!({ "seats__not": { "in": [10, 20] } }), "c"),
        (json!({ "seats__not__equals": 20 }), "ac"),
        (json!({ "stage": { "or": ["planned", "open"] } }), "ab"),
        (json!({ "title": { "contains": "A", "mode": "insensitive" } }), "a"),
        (json!({ "title": { "not": { "contains": "A" }, "mode": "insensitive" } }), "bc"),
        (json!({ "title": { "contains": "A", "mode": "default" } }), ""),
        (json!({ "rating": { "isNull": "false" } }), "ac"),
        (json!({ "rating": { "isNull": "true" } }), "b"),
        (json!({ "tickets": { "isEmpty": "false" } }), "abc"),
        (json!({ "NOT": [{ "seats": 10 }, { "seats": 20 }] }), "c"),
    ] {
        assert_eq!(shelf.json_titles(&filters).concat(), kept, "{filters}");
    }
}

#[test]
fn groups_may_be_written_in_a_url() {
    let shelf = three();
    for (query, kept) in [
        ("OR[0][seats]=10&OR[1][seats]=30", "ac"),
        ("OR[0][seats]=10&OR[1][isOnline]=true", "ab"),
        ("OR[1][seats]=10&OR[5][seats][gt]=20", "ac"),
        ("OR[0][seats][gt]=10&OR[0][seats][lt]=30&OR[1][title]=a", "ab"),
        ("OR__0__seats=10&OR__1__seats__gte=30", "ac"),
        ("OR[0][seats__in]=10,20&isOnline=false", "a"),
        ("AND[0][seats][gt]=10&AND[1][seats][gt]=20", "c"),
        ("NOT[seats]=10", "bc"),
        ("NOT[seats][gt]=10&NOT[isOnline]=true", "ac"),
        ("NOT[0][seats]=10&NOT[1][seats]=30", "b"),
        ("OR[0][AND][0][seats]=10&OR[0][AND][1][title]=a&OR[1][NOT][seats][lt]=30", "ac"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
}

#[test]
fn a_group_joins_the_other_filters_as_the_mode_says_and_and_always_narrows() {
    let shelf = three();
    let own = format!("AND[0][contact]={}&filterMode=OR&sort=title", shelf.contact);
    let titles = |query: &str| -> String {
        super::titles(&shelf.app.get(&format!("/api/readings?{own}&{query}")).succeeds(200)).concat()
    };
    assert_eq!(titles("seats=10&OR[0][seats]=20&OR[1][title]=x"), "ab");
    assert_eq!(titles("seats=10&seats[gt]=20"), "ac");
    assert_eq!(titles("seats=10&seats[gt]=20&AND[1][isOnline]=false&AND[2][title]=c"), "c");
    assert_eq!(titles("seats=10&NOT[isOnline]=false"), "ab");
}

#[test]
fn a_malformed_group_is_refused() {
    let shelf = three();
    for name in ["OR[seats]", "AND[seats]", "OR", "OR[0]", "AND[]", "NOT", "NOT[0]", "OR[x][seats]", "OR[0][nobody]"] {
        assert_eq!(refused(shelf.list(&format!("{name}=1"))).0, name);
    }
    assert!(refused(shelf.list("OR[seats]=1")).1.contains("'OR[0][field]'"));
    let deep = |count: usize| format!("{}[seats]=1", "OR[0]".to_owned() + &"[OR][0]".repeat(count - 1));
    shelf.list(&deep(8)).succeeds(200);
    assert!(refused(shelf.list(&deep(9))).1.ends_with("is nested deeper than 8 times"));
    refused(shelf.list(&format!("{}[seats]=1", "OR[0]".to_owned() + &"[OR][0]".repeat(2000))));
}

#[test]
fn a_relation_to_one_row_takes_is_and_is_not() {
    let app = crate::harness::app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let own = Shelf::of(&[("none", json!({}))]);
    for (title, author) in [("ada", &ada.id), ("eve", &eve.id)] {
        own.add(title, json!({ "author": { "id": author } }));
    }
    let root = own.app.super_user();
    let titles = |query: &str| -> Vec<Value> {
        let path = format!("/api/readings?contact={}&sort=title&{query}", own.contact);
        root.get(&path).succeeds(200).column("title")
    };
    let json = |filters: Value| titles(&format!("filters={}", encoded(&filters.to_string())));
    assert_eq!(titles(&format!("author[is][id]={}", ada.id)), ["ada"]);
    assert_eq!(titles(&format!("author__isNot__id={}", ada.id)), ["eve", "none"]);
    assert_eq!(titles("author=null"), ["none"]);
    assert_eq!(titles(&format!("OR[0][author]=null&OR[1][authorId]={}", eve.id)), ["eve", "none"]);
    assert_eq!(titles("author[isNot]=null"), ["ada", "eve"]);
    assert_eq!(json(json!({ "author": { "is": { "id": ada.id } } })), ["ada"]);
    assert_eq!(json(json!({ "author": { "isNot": { "id": ada.id } } })), ["eve", "none"]);
    assert_eq!(json(json!({ "author": { "is": null } })), ["none"]);
    assert_eq!(json(json!({ "author__isNot": null })), ["ada", "eve"]);
    for query in ["author=x", "author[is]=x", "author[some][id]=x", "author[isNot][nobody]=1"] {
        refused(root.get(&format!("/api/readings?{query}")));
    }
    let many = root.get("/api/posts?comments=null").expect(400, "InvalidRequestQuery");
    assert!(many["message"].as_str().is_some_and(|message| message.contains("'none'")), "{many:?}");
}

#[test]
fn a_date_compared_with_a_time_means_its_first_moment_in_utc() {
    let shelf = three();
    for (query, kept) in [
        ("announcedAt[gt]=2026-01-01", "bc"),
        ("announcedAt[gte]=2026-01-01", "abc"),
        ("announcedAt__lt=2026-02-01", "a"),
        ("announcedAt[lt]=2026-02-02", "ab"),
        ("announcedAt=2026-01-01", "a"),
        ("announcedAt[in]=2026-01-01,2026-10-01", "ac"),
        ("createdAt__gt=2024-01-01", "abc"),
    ] {
        assert_eq!(shelf.titles(query).concat(), kept, "{query}");
    }
    assert_eq!(shelf.json_titles(&json!({ "announcedAt": { "gte": "2026-10-01" } })), ["c"]);
    for value in ["2026-02-30", "20260101", "2026-01", "01.02.2026"] {
        assert_eq!(refused(shelf.list(&format!("announcedAt[gt]={value}"))).0, "announcedAt[gt]");
    }
}

#[test]
fn unsupported_operators_are_refused_with_an_alternative() {
    let shelf = three();
    for (name, value, instead) in [
        ("title[search]", "a", "'icontains'"),
        ("rating[isSet]", "true", "'isNull'"),
        ("extras[path]", "k", "'isNull'"),
        ("extras[string_contains]", "k", "'isNull'"),
        ("extras[array_contains]", "k", "'isNull'"),
        ("title[has]", "a", "'in'"),
        ("stage[hasSome]", "open", "'in'"),
        ("seats[hasEvery]", "1", "'in'"),
        ("seats[isEmpty]", "true", "'isNull'"),
        ("title[is]", "a", "'eq'"),
        ("title[mode]", "insensitive", "'contains'"),
        ("title[mode]", "sensitive", "insensitive or default"),
        ("orderBy[title]", "asc", "'sort=name'"),
        ("include[author]", "true", "'fields=+relation'"),
        ("select[title]", "true", "'fields=name'"),
        ("omit[title]", "true", "'fields=-name'"),
        ("addFields", "author", "'fields=+relation'"),
        ("removeFields", "title", "'fields=-name'"),
        ("where", "{}", "'filters={…}'"),
        ("where[title]", "a", "'filters={…}'"),
        ("take", "5", "'limit'"),
        ("skip", "5", "'page'"),
        ("prismaQueryOptions", "{}", "'filters={…}'"),
    ] {
        let (field, message) = refused(shelf.list(&format!("{name}={value}")));
        assert_eq!((field.as_str(), message.contains(instead)), (name, true), "{message}");
    }
    let (_, message) = refused(shelf.list("title[mode]=insensitive&title=a&title[contains]=b"));
    assert!(message.contains("'mode' is of"), "{message}");
    for filters in [
        json!({ "title": { "equals": "a", "mode": "insensitive" } }),
        json!({ "title": { "not": "a", "mode": "insensitive" } }),
        json!({ "title": { "mode": "insensitive" } }),
        json!({ "title": { "contains": "a", "mode": "sensitive" } }),
        json!({ "title": { "contains": "a", "mode": null } }),
        json!({ "title": { "search": "a" } }),
    ] {
        refused(shelf.list(&format!("filters={}", encoded(&filters.to_string()))));
    }
}

#[test]
fn hidden_fields_are_refused_without_revealing_them() {
    let shelf = three();
    for ending in ["[search]", "[has]", "[isEmpty]", "[mode]", "[not]", "[not][contains]", "[in][]", "[]", "[is]", ""] {
        let [hidden, unknown] =
            ["notes", "unheard"].map(|name| refused(shelf.list(&format!("{name}{ending}=null"))).1.replace(name, ""));
        assert_eq!(hidden, unknown, "{ending}");
    }
    let refused_alike = |group: &str| {
        let [hidden, unknown] =
            ["notes", "unheard"].map(|name| refused(shelf.list(&format!("{group}[{name}]=a"))).1.replace(name, ""));
        assert_eq!(hidden, unknown, "{group}");
    };
    ["OR[0]", "AND[0]", "NOT", "OR[0][NOT]"].into_iter().for_each(refused_alike);
}
