//! `search=word`

use serde_json::json;

use super::{Shelf, encoded, refused};
use crate::harness::app;

#[test]
fn a_text_is_searched_for_in_every_field_that_has_text() {
    let shelf = Shelf::of(&[
        ("On Engines", json!({})),
        ("Notes", json!({ "tickets": "https://example.com/Looms" })),
        ("50% off", json!({})),
    ]);
    for (search, kept) in [
        ("engines", vec!["On Engines"]),
        ("ENGINE", vec!["On Engines"]),
        ("looms", vec!["Notes"]),
        ("on engines", vec!["On Engines"]),
        ("engines on", vec![]),
        ("0%", vec!["50% off"]),
        ("%", vec!["50% off"]),
        ("_", vec![]),
        ("planned", vec![]),
        ("", vec!["50% off", "Notes", "On Engines"]),
    ] {
        assert_eq!(shelf.titles(&format!("search={}", encoded(search))), kept, "{search}");
    }
    assert_eq!(shelf.titles(&format!("search={}", encoded(&shelf.contact))).len(), 3, "addresses are text, too");
}

#[test]
fn several_searches_must_all_find_something() {
    let shelf = Shelf::of(&[("On Engines", json!({})), ("On Looms", json!({}))]);
    assert_eq!(shelf.titles("search=on&search=looms"), ["On Looms"]);
    assert_eq!(shelf.titles("search=on&search=looms&filterMode=OR"), ["On Looms"]);
}

#[test]
fn an_id_is_never_searched() {
    let shelf = Shelf::of(&[]);
    let id = shelf.add("a", json!({ "doorCode": "018f3f2e-0000-7000-8000-0000000000dd" }));
    for text in [id.as_str(), "0000000000dd"] {
        assert!(shelf.titles(&format!("search={text}")).is_empty(), "{text}");
    }
}

#[test]
fn a_model_without_text_cannot_be_searched() {
    let app = app();
    let (field, message) = refused(app.super_user().get("/api/user-roles?search=x"));
    assert_eq!((field.as_str(), message.as_str()), ("search", "'search' is not a known query parameter"));
    assert_eq!(refused(app.get("/api/readings?search=%00")).1, "'search' must be text without NUL characters");
}
