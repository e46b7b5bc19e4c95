//! The examples in `docs/queries.md`, and those about queries in `docs/coming-from-arkos.md`.

use super::encoded;
use crate::harness::{app, blocks, section};

const PAGE: &str = include_str!("../../../docs/queries.md");
const ARKOS: &str = include_str!("../../../docs/coming-from-arkos.md");

#[test]
fn every_example_is_answered() {
    let app = app();
    let lists: Vec<&str> = blocks(PAGE, "text").into_iter().flat_map(str::lines).collect();
    assert!(lists.len() > 5, "{lists:?}");
    for list in lists {
        app.super_user().get(&format!("/api/{list}")).succeeds(200);
    }
    for filters in blocks(PAGE, "json") {
        app.super_user().get(&format!("/api/posts?filters={}", encoded(filters))).succeeds(200);
    }
}

/// A line as a client sends it, with quotation marks and braces encoded, and brackets not.
fn sent(line: &str) -> String {
    let encoded = line.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
    format!("/api/{encoded}")
}

#[test]
fn what_clients_of_arkos_send_is_answered_or_refused_as_the_page_says() {
    let app = app();
    let lines = |language| blocks(section(ARKOS, "Queries"), language).into_iter().flat_map(str::lines);
    let answered: Vec<&str> = lines("text").collect();
    assert!(answered.len() >= 10, "{answered:?}");
    for line in answered {
        app.super_user().get(&sent(line)).succeeds(200);
    }
    let refused: Vec<&str> = lines("refused").collect();
    assert!(refused.len() >= 10, "{refused:?}");
    for line in refused {
        app.super_user().get(&sent(line)).expect(400, "InvalidRequestQuery");
    }
}
