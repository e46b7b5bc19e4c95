//! Validation of bodies: every field type with valid and invalid values, and keys that a body may not contain.

use serde_json::{Value, json};

use crate::harness::{App, Reply, SharedApp, app};

/// A reading with all required fields and no others.
fn reading() -> Value {
    json!({
        "title": "An evening", "contact": "box@example.com", "seats": 40, "price": "12.50",
        "day": "2026-03-22", "startsAt": "19:30"
    })
}

/// Like `reading`, with further or other values.
fn reading_with(more: Value) -> Value {
    let mut body = reading();
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

fn create(app: &App, more: Value) -> Reply {
    app.super_user().post("/api/readings", reading_with(more))
}

/// Asserts that a value is answered, and read again, as `shown`.
#[track_caller]
fn keeps(app: &App, field: &str, given: Value, shown: Value) {
    let created = create(app, json!({ field: given })).succeeds(201);
    assert_eq!(created["data"][field], shown, "{given}");
    let read = app.row(&format!("/api/readings/{}", created.id()));
    assert_eq!(read[field], shown, "{given}, read again");
}

/// Asserts that a value is refused with this code by a create and by an update, and that nothing changed.
#[track_caller]
fn refuses(app: &App, field: &str, given: Value, code: &str) {
    let reply = create(app, json!({ field: given })).expect(400, "InvalidRequestBody");
    assert_eq!((reply.problem_fields(), reply.problems()), (vec![field], vec![code]), "{given}: {reply:?}");
    let row = create(app, json!({})).succeeds(201);
    let path = format!("/api/readings/{}", row.id());
    let reply = app.super_user().patch(&path, json!({ field: given })).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), [field], "{given} in a change: {reply:?}");
    assert_eq!(app.row(&path), row["data"], "{given}");
}

fn in_turn<const N: usize>(field: &'static str, code: &'static str, bad: [Value; N]) {
    let app = app();
    for value in bad {
        refuses(&app, field, value, code);
    }
}

fn kept_in_turn<const N: usize>(field: &'static str, good: [(Value, Value); N]) {
    let app = app();
    for (given, shown) in good {
        keeps(&app, field, given, shown);
    }
}

#[test]
fn a_string_keeps_every_character() {
    let odd = "Ünïcödé 🎉 \"quoted\" \\ <script> ' \u{7f}\t\u{1}\n";
    kept_in_turn(
        "title",
        [(json!(odd), json!(odd)), (json!(""), json!("")), (json!("ä".repeat(120)), json!("ä".repeat(120)))],
    );
}

#[test]
fn a_string_is_neither_number_nor_list() {
    in_turn("title", "TitleIsStringConstraint", [json!(7), json!(true), json!(["a"]), json!({ "a": 1 })]);
}

#[test]
fn the_length_of_a_string_is_counted_in_characters() {
    in_turn("title", "TitleMaxLengthConstraint", [json!("ä".repeat(121))]);
}

#[test]
fn a_nul_character_is_refused_wherever_text_is() {
    let app = app();
    refuses(&app, "title", json!("a\u{0}b"), "TitleIsStringConstraint");
    refuses(&app, "contact", json!("a\u{0}b@example.com"), "ContactIsStringConstraint");
    refuses(&app, "extras", json!({ "deep": ["a\u{0}b"] }), "ExtrasIsJsonConstraint");
    refuses(&app, "extras", json!({ "a\u{0}b": 1 }), "ExtrasIsJsonConstraint");
}

#[test]
fn an_email_is_stored_trimmed_and_in_lower_case() {
    kept_in_turn("contact", [(json!("  Ada.Lovelace@Example.COM "), json!("ada.lovelace@example.com"))]);
}

#[test]
fn what_is_no_email_is_refused() {
    let bad = ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@exa mple.com"];
    in_turn("contact", "ContactIsEmailConstraint", bad.map(Value::from));
}

#[test]
fn a_url_must_be_one() {
    kept_in_turn("tickets", [(json!("https://example.com/a?b=c#d"), json!("https://example.com/a?b=c#d"))]);
    in_turn(
        "tickets",
        "TicketsIsUrlConstraint",
        ["", "example", "//example.com", "http://", "javascript:alert(1)", "data:text/html,x", "ftp://example.com"]
            .map(Value::from),
    );
}

#[test]
fn an_integer_keeps_its_bounds() {
    kept_in_turn("seats", [(json!(1), json!(1)), (json!(5000), json!(5000))]);
    in_turn("seats", "SeatsMinConstraint", [json!(0), json!(-7)]);
    in_turn("seats", "SeatsMaxConstraint", [json!(5001), json!(i32::MAX)]);
}

#[test]
fn an_integer_has_32_bits_and_no_fraction() {
    in_turn(
        "seats",
        "SeatsIsNumberConstraint",
        [json!(2_147_483_648_i64), json!(1.5), json!("7"), json!(true), json!(1e300)],
    );
}

#[test]
fn a_bigint_has_64_bits() {
    kept_in_turn("visitors", [(json!(0), json!(0)), (json!(i64::MAX), json!(i64::MAX))]);
    in_turn("visitors", "VisitorsIsNumberConstraint", [json!(9_223_372_036_854_775_808_u64), json!(0.5), json!("1")]);
    in_turn("visitors", "VisitorsMinConstraint", [json!(-1), json!(i64::MIN)]);
}

#[test]
fn a_float_keeps_its_bounds() {
    kept_in_turn(
        "rating",
        [(json!(4.25), json!(4.25)), (json!(0), json!(0.0)), (json!(5), json!(5.0)), (Value::Null, Value::Null)],
    );
    in_turn("rating", "RatingMaxConstraint", [json!(5.000_001)]);
    in_turn("rating", "RatingMinConstraint", [json!(-0.1)]);
    in_turn("rating", "RatingIsNumberConstraint", [json!("4"), json!(false)]);
}

#[test]
fn a_decimal_is_a_string_with_all_places_of_its_scale() {
    kept_in_turn(
        "price",
        [
            (json!("12.5"), json!("12.50")),
            (json!("0"), json!("0.00")),
            (json!(12.5), json!("12.50")),
            (json!("99999999.99"), json!("99999999.99")),
            (json!("0.10"), json!("0.10")),
            (json!("7.000"), json!("7.00")),
        ],
    );
}

#[test]
fn a_decimal_with_too_many_digits_is_refused_and_never_rounded() {
    in_turn("price", "PricePrecisionConstraint", ["0.001", "12.345", "100000000", "123456789.5"].map(Value::from));
}

#[test]
fn what_is_no_decimal_is_refused() {
    let bad =
        [json!("twelve"), json!(""), json!("1,5"), json!("0x10"), json!(true), json!("NaN"), json!("1".repeat(60))];
    in_turn("price", "PriceIsNumberConstraint", bad);
    in_turn("price", "PriceMinConstraint", [json!("-0.01")]);
}

#[test]
fn a_boolean_is_true_or_false() {
    kept_in_turn("isOnline", [(json!(true), json!(true)), (json!(false), json!(false))]);
    in_turn("isOnline", "IsOnlineIsBooleanConstraint", [json!("true"), json!(1), json!([])]);
}

#[test]
fn a_date_is_a_day_of_the_calendar() {
    kept_in_turn("day", [(json!("2024-02-29"), json!("2024-02-29")), (json!("0001-01-01"), json!("0001-01-01"))]);
    let bad = ["2026-02-29", "2026-13-01", "22.03.2026", "2026-03-22T00:00:00Z", "", "+12026-01-01", "0000-01-01"];
    in_turn("day", "DayIsDateConstraint", bad.map(Value::from));
}

#[test]
fn a_time_is_shown_to_the_millisecond() {
    kept_in_turn(
        "startsAt",
        [
            (json!("19:30"), json!("19:30:00.000")),
            (json!("19:30:15"), json!("19:30:15.000")),
            (json!("23:59:59.1239"), json!("23:59:59.123")),
        ],
    );
    in_turn("startsAt", "StartsAtIsTimeConstraint", ["24:00", "7pm", "19:60", "23:59:60", ""].map(Value::from));
}

#[test]
fn a_datetime_is_shown_in_utc_to_the_millisecond() {
    kept_in_turn(
        "announcedAt",
        [
            (json!("2026-03-22T19:30:00Z"), json!("2026-03-22T19:30:00.000Z")),
            (json!("2026-03-22T19:30:00.123987+02:00"), json!("2026-03-22T17:30:00.123Z")),
            (json!("2026-01-01T00:30:00+01:00"), json!("2025-12-31T23:30:00.000Z")),
            (json!("2026-03-22T19:30:00"), json!("2026-03-22T19:30:00.000Z")),
        ],
    );
    let bad = [json!("2026-03-22"), json!("tomorrow"), json!(1_774_000_000), json!("10000-01-01T00:00:00Z"), json!("")];
    in_turn("announcedAt", "AnnouncedAtIsDateConstraint", bad);
}

#[test]
fn json_keeps_any_document() {
    let document = json!({ "list": [1, 2.5, "three", null, true], "deep": { "er": {} } });
    kept_in_turn(
        "extras",
        [(document.clone(), document), (json!([]), json!([])), (json!("text"), json!("text")), (json!(7), json!(7))],
    );
}

#[test]
fn json_has_a_size() {
    kept_in_turn("extras", [(json!("a".repeat(4094)), json!("a".repeat(4094)))]);
    in_turn("extras", "ExtrasMaxBytesConstraint", [json!("a".repeat(4095)), json!({ "a": "b".repeat(4096) })]);
}

#[test]
fn an_enum_takes_its_values_in_their_spelling() {
    kept_in_turn("stage", [(json!("sold-out"), json!("sold-out")), (json!("open"), json!("open"))]);
    in_turn("stage", "StageIsEnumConstraint", [json!("Open"), json!("soldOut"), json!(""), json!(1)]);
}

#[test]
fn defaults_fill_what_is_absent() {
    let app = app();
    let row = &create(&app, json!({})).succeeds(201).json["data"];
    assert_eq!((&row["visitors"], &row["isOnline"], &row["stage"]), (&json!(0), &json!(false), &json!("planned")));
    for empty in ["tickets", "rating", "extras", "authorId", "deletedAt"] {
        assert_eq!(row[empty], Value::Null, "{empty}");
    }
    assert_eq!(row["announcedAt"], row["createdAt"], "`now` is the moment of the request");
}

#[test]
fn a_generated_uuid_differs_from_row_to_row() {
    let app = app();
    let code = || create(&app, json!({})).succeeds(201)["data"]["doorCode"].as_str().expect("a string").to_owned();
    let (one, two) = (code(), code());
    assert!(uuid::Uuid::parse_str(&one).is_ok() && one != two, "{one} {two}");
}

#[test]
fn a_uuid_given_at_creation_cannot_be_changed_later() {
    let app = app();
    let code = "6f3a9c1e-7d52-4c8b-9b0a-2f1e5d4c3b2a";
    let row = create(&app, json!({ "doorCode": code.to_uppercase() })).succeeds(201);
    assert_eq!(row["data"]["doorCode"], code);
    let path = format!("/api/readings/{}", row.id());
    let other = json!({ "doorCode": "7f3a9c1e-7d52-4c8b-9b0a-2f1e5d4c3b2a", "title": "Changed" });
    let reply = app.super_user().patch(&path, other).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problems(), ["InvalidFieldDoorCode"]);
    assert_eq!(app.row(&path), row["data"]);
}

#[test]
fn what_is_no_uuid_is_refused_at_creation() {
    let app = app();
    for bad in [json!("6f3a9c1e"), json!(7), json!(""), Value::Null] {
        create(&app, json!({ "doorCode": bad })).expect(400, "InvalidRequestBody");
    }
}

#[test]
fn null_clears_an_optional_field_and_is_refused_for_a_required_one() {
    let app = app();
    let row =
        create(&app, json!({ "rating": 3.5, "extras": { "a": 1 }, "tickets": "https://example.com/" })).succeeds(201);
    let path = format!("/api/readings/{}", row.id());
    let cleared =
        app.super_user().patch(&path, json!({ "rating": null, "extras": null, "tickets": null })).succeeds(200);
    for field in ["rating", "extras", "tickets"] {
        assert_eq!(cleared["data"][field], Value::Null, "{field}");
    }
    for field in
        ["title", "contact", "seats", "visitors", "price", "isOnline", "day", "startsAt", "announcedAt", "stage"]
    {
        let reply = app.super_user().patch(&path, json!({ field: null })).expect(400, "InvalidRequestBody");
        let mut letters = field.chars();
        let first = letters.next().expect("a name").to_ascii_uppercase();
        assert_eq!(reply.problems(), [format!("{first}{}RequiredConstraint", letters.as_str())]);
    }
    assert_eq!(app.row(&path), cleared["data"]);
}

#[test]
fn an_absent_field_keeps_its_value() {
    let app = app();
    let row = create(&app, json!({ "rating": 3.5 })).succeeds(201);
    let updated = app.super_user().patch(&format!("/api/readings/{}", row.id()), json!({ "seats": 41 })).succeeds(200);
    assert_eq!((&updated["data"]["rating"], &updated["data"]["seats"]), (&json!(3.5), &json!(41)));
}

#[test]
fn all_missing_fields_are_reported_at_once_in_the_order_of_the_fields() {
    let app = app();
    let reply = app.super_user().post("/api/readings", json!({})).expect(400, "InvalidRequestBody");
    let codes =
        ["Title", "Contact", "Seats", "Price", "Day", "StartsAt"].map(|name| format!("{name}RequiredConstraint"));
    assert_eq!(reply.problems(), codes);
    assert_eq!(reply["message"], "'title' is required");
}

#[test]
fn every_problem_of_a_body_is_reported_at_once_in_the_order_of_the_fields() {
    let app = app();
    let body = json!({
        "colour": "red", "stage": "closed", "price": "1.234", "contact": "nobody", "seats": 0,
        "title": "x".repeat(121), "createdAt": "2026-01-01T00:00:00Z", "day": null
    });
    let reply = app.super_user().post("/api/readings", body).expect(400, "InvalidRequestBody");
    let codes = [
        "TitleMaxLengthConstraint",
        "ContactIsEmailConstraint",
        "SeatsMinConstraint",
        "PricePrecisionConstraint",
        "DayRequiredConstraint",
        "StartsAtRequiredConstraint",
        "StageIsEnumConstraint",
        "InvalidFieldCreatedAt",
        "UnknownField",
    ];
    assert_eq!(reply.problems(), codes, "{reply:?}");
    assert_eq!(reply["message"], reply["meta"]["errors"][0]["message"]);
}

#[test]
fn a_problem_has_a_field_a_code_and_a_message() {
    let app = app();
    let ada = app.sign_up("ada");
    let reply = ada.post("/api/posts", json!({ "title": "No", "content": "…" })).expect(400, "InvalidRequestBody");
    let problem = json!({
        "field": "title", "code": "TitleMinLengthConstraint", "message": "'title' must be at least 3 characters"
    });
    assert_eq!(reply["meta"], json!({ "errors": [problem] }));
}

#[test]
fn a_pattern_must_match_the_whole_value() {
    let app = app();
    let ada = app.sign_up("ada");
    for slug in ["Upper", "two--dashes", "-front", "back-", "with space", "line\nbreak", "good\n", "", "ümlaut"] {
        let reply = ada.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": slug }));
        assert_eq!(reply.expect(400, "InvalidRequestBody").problems(), ["SlugMatchesConstraint"], "{slug:?}");
    }
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn unknown_keys_are_refused_and_named() {
    let app = app();
    let ada = app.sign_up("ada");
    let reply = ada.post("/api/posts", json!({ "title": "Title", "content": "…", "contnet": "…", "__proto__": {} }));
    let reply = reply.expect(400, "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), ["__proto__", "contnet"]);
    assert_eq!(reply.problems(), ["UnknownField", "UnknownField"]);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn fields_that_the_server_sets_are_refused_even_from_a_super_user() {
    let app = app();
    let row = create(&app, json!({})).succeeds(201);
    let path = format!("/api/readings/{}", row.id());
    let moment = json!("2020-01-01T00:00:00Z");
    let server_set = [
        ("id", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("createdAt", moment.clone()),
        ("updatedAt", moment.clone()),
        ("deletedAt", moment),
    ];
    for (field, value) in server_set {
        create(&app, json!({ field: value })).expect(400, "InvalidRequestBody");
        let reply =
            app.super_user().patch(&path, json!({ field: value, "seats": 7 })).expect(400, "InvalidRequestBody");
        assert_eq!(reply.problem_fields(), [field]);
    }
    assert_eq!(app.row(&path), row["data"]);
}

#[test]
fn read_only_fields_are_refused_and_the_row_is_unchanged() {
    let app = app();
    let editor = app.editor("grace");
    let post = editor.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": null })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    for (field, value, code) in [
        ("views", json!(1_000_000), "InvalidFieldViews"),
        ("publishedAt", json!("2020-01-01T00:00:00Z"), "InvalidFieldPublishedAt"),
    ] {
        assert_eq!(editor.patch(&path, json!({ field: value })).expect(400, "InvalidRequestBody").problems(), [code]);
        editor
            .post("/api/posts", json!({ "title": "Other", "content": "…", field: value }))
            .expect(400, "InvalidRequestBody");
    }
    assert_eq!(app.row(&path), post["data"]);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", editor.id)), 1);
    editor.delete(&path).succeeds(204);
}

#[test]
fn a_private_field_is_answered_like_one_that_does_not_exist() {
    let app = app();
    let row = create(&app, json!({})).succeeds(201);
    assert!(row["data"].as_object().is_some_and(|row| !row.contains_key("notes")), "{row:?}");
    let path = format!("/api/readings/{}", row.id());
    let without_name = |reply: Reply, name: &str| reply.json.to_string().replace(name, "…");
    let change = |name: &str| without_name(app.super_user().patch(&path, json!({ name: "x" })), name);
    assert_eq!(change("notes"), change("notos"));
    let creation = |name: &str| without_name(create(&app, json!({ name: "x" })), name);
    assert_eq!(creation("notes"), creation("notos"));
    assert!(creation("notes").contains("InvalidRequestBody"));
}

#[test]
fn a_refused_value_is_never_repeated() {
    let app: SharedApp = app();
    let secret = "hunter2-hunter2";
    let bodies = [
        json!({ "contact": secret }),
        json!({ "tickets": secret }),
        json!({ "price": secret }),
        json!({ "stage": secret }),
        json!({ "day": secret }),
        json!({ "extras": format!("{secret}{}", "a".repeat(5000)) }),
        json!({ "seats": secret }),
    ];
    for body in bodies {
        let reply = create(&app, body).expect(400, "InvalidRequestBody");
        assert!(!String::from_utf8_lossy(&reply.bytes).contains(secret), "{reply:?}");
    }
}

#[test]
fn filters_on_every_type_find_their_row() {
    let app = app();
    let title = uuid::Uuid::now_v7().to_string();
    let row =
        create(&app, json!({ "title": title, "rating": 2.5, "visitors": i64::MAX, "isOnline": true })).succeeds(201);
    let code = row["data"]["doorCode"].as_str().expect("a code");
    let announced = row["data"]["announcedAt"].as_str().expect("a moment");
    let max = i64::MAX;
    for filter in [
        "seats=40",
        "contact=BOX@example.com",
        &format!("visitors={max}"),
        "rating=2.5",
        "price=12.5",
        "price=12.50",
        "isOnline=true",
        "day=2026-03-22",
        "startsAt=19:30",
        "stage=planned",
        &format!("doorCode={code}"),
        &format!("announcedAt={announced}"),
        &format!("id={}", row.id()),
    ] {
        assert_eq!(app.get(&format!("/api/readings?title={title}&{filter}")).succeeds(200)["total"], 1, "{filter}");
    }
    for filter in ["seats=41", "isOnline=false", "price=12.51", "day=2026-03-23", "stage=open"] {
        assert_eq!(app.get(&format!("/api/readings?title={title}&{filter}")).succeeds(200)["total"], 0, "{filter}");
    }
}

#[test]
fn a_filter_of_the_wrong_type_is_refused_and_named() {
    let app = app();
    for filter in [
        "seats=many",
        "isOnline=yes",
        "day=today",
        "price=cheap",
        "stage=closed",
        "doorCode=1",
        "rating=NaN",
        "id=7",
        "announcedAt=now",
    ] {
        let reply = app.get(&format!("/api/readings?{filter}")).expect(400, "InvalidRequestQuery");
        assert_eq!(Some(reply.problem_fields()[0]), filter.split('=').next(), "{filter}");
    }
}
