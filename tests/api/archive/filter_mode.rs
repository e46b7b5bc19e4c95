//! `query: { filterMode: OR }`

use serde_json::json;

use super::{Archive, FOLDERS, PAPERS};
use crate::harness::Client;

/// Makes papers with three titles and three numbers of pages in one folder.
fn papers(archive: &Archive) -> String {
    let folder = archive.folder(json!({ "label": "papers" }));
    for (title, pages) in [("a", Some(1)), ("b", Some(2)), ("c", None)] {
        let body = json!({ "title": title, "pages": pages, "folder": { "id": folder } });
        archive.root.client.post(PAPERS, body).succeeds(201);
    }
    folder
}

fn titles(client: &Client, query: &str) -> String {
    let titles = client.get(&format!("{PAPERS}?sort=title&{query}")).succeeds(200).column("title");
    titles.iter().filter_map(|title| title.as_str()).collect()
}

#[test]
fn filters_of_a_list_are_joined_with_or_where_the_application_says_so() {
    let archive = Archive::new();
    papers(&archive);
    let root = &archive.root.client;
    assert_eq!(titles(root, "title=a&pages=2"), "ab");
    assert_eq!(titles(root, "title=a&pages=2&filterMode=OR"), "ab");
    assert_eq!(titles(root, "title=a&pages=2&filterMode=AND"), "");
    assert_eq!(titles(root, "title=a&pages=1&filterMode=AND"), "a");
    assert_eq!(titles(root, "pages[gte]=1&pages[lt]=2"), "ab", "ranges, too");
    assert_eq!(titles(root, "pages=null&title=b"), "bc");
    assert_eq!(titles(root, ""), "abc");
    assert_eq!(titles(root, "search=b&title=a"), "", "a search narrows");
    assert_eq!(titles(root, "AND[0][pages][gte]=1&title=a&title[in]=c"), "a", "explicit AND narrows");
    let json = "filters=%7B%22title%22:%22a%22,%22pages%22:2%7D";
    assert_eq!(titles(root, json), "", "conditions in one object are joined with AND");
    assert_eq!(titles(root, &format!("{json}&title=c")), "c");
}

#[test]
fn a_cursor_remembers_the_mode() {
    let archive = Archive::new();
    papers(&archive);
    let root = &archive.root.client;
    let query = format!("{PAPERS}?sort=title&limit=1&title=a&pages=2");
    let cursor = root.get(&query).succeeds(200)["nextCursor"].as_str().expect("a cursor").to_owned();
    assert_eq!(root.get(&format!("{query}&cursor={cursor}")).succeeds(200).column("title"), ["b"]);
    root.get(&format!("{query}&filterMode=AND&cursor={cursor}")).expect(400, "InvalidRequestQuery");
}

#[test]
fn a_bulk_write_joins_its_filters_with_and_unless_the_request_says_otherwise() {
    let archive = Archive::new();
    papers(&archive);
    let root = &archive.root.client;
    let many = |query: &str| format!("{PAPERS}/many?{query}");
    let none = root.patch(&many("title=a&pages=2"), json!({ "pages": 9 })).succeeds(200);
    assert_eq!(none["results"], 0);
    assert_eq!(root.delete(&many("title=a&pages=2")).succeeds(200)["results"], 0);
    assert_eq!(titles(root, ""), "abc");
    assert_eq!(titles(root, "pages=9"), "");
    let changed = root.patch(&many("title=a&pages=2&filterMode=OR"), json!({ "pages": 9 })).succeeds(200);
    assert_eq!(changed["results"], 2);
    assert_eq!(titles(root, "pages=9"), "ab");
    root.delete(&many("filterMode=OR&title=a&title[ne]=a")).expect(400, "MissingFilterCriteria");
    assert_eq!(titles(root, ""), "abc");
    root.get(&format!("{FOLDERS}?filterMode=or")).expect(400, "InvalidRequestQuery");
}
