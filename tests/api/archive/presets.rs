//! Presets of queries in `routes:`, which limit a request and supply the parameters that it leaves out.

use serde_json::{Value, json};

use super::{Archive, FOLDERS, PAPERS, refused};

fn sealed(archive: &Archive) -> String {
    archive.folder(json!({ "label": "sealed", "status": "sealed", "note": "secret", "shelf": 7 }))
}

fn keys(row: &Value) -> Vec<&str> {
    row.as_object().expect("a row").keys().map(String::as_str).collect()
}

#[test]
fn a_request_without_parameters_has_the_preset_fields_order_and_length() {
    let archive = Archive::new();
    for label in ["a", "b", "c", "d", "e"] {
        archive.folder(json!({ "label": label, "note": "…" }));
    }
    sealed(&archive);
    let list = archive.root.client.get(FOLDERS).succeeds(200);
    assert_eq!(list.column("label"), ["e", "d", "c"]);
    assert_eq!((&list["total"], &list["limit"]), (&json!(5), &json!(3)), "sealed folders are in no list");
    assert_eq!(keys(&list["data"][0]), ["id", "keeper", "label", "shelf", "status"]);
    assert_eq!(list["data"][0]["keeper"], json!({ "name": archive.root.name }));
    let next = list["nextCursor"].as_str().expect("a cursor");
    assert_eq!(archive.root.client.get(&format!("{FOLDERS}?cursor={next}")).succeeds(200).column("label"), ["b", "a"]);
}

#[test]
fn a_request_replaces_what_is_preset_within_its_limits() {
    let archive = Archive::new();
    for label in ["a", "b", "c", "d", "e"] {
        archive.folder(json!({ "label": label }));
    }
    let client = &archive.root.client;
    let list = |query: &str| client.get(&format!("{FOLDERS}?{query}"));
    assert_eq!(list("sort=label&limit=4").succeeds(200).column("label"), ["a", "b", "c", "d"]);
    assert_eq!(keys(&list("fields=label").succeeds(200)["data"][0]), ["label"]);
    assert_eq!(keys(&list("fields=-status").succeeds(200)["data"][0]), ["id", "label", "shelf"]);
    let named = list("fields=label,keeper").succeeds(200);
    assert_eq!((keys(&named["data"][0]), keys(&named["data"][0]["keeper"])), (vec!["keeper", "label"], vec!["name"]));
    assert_eq!(list(&format!("keeper[name]={}", archive.root.name)).succeeds(200)["total"], 5);
    assert!(refused(list("limit=5")).contains("an integer from 1 to 4"));
    assert_eq!(list("limit=1&status=sealed").succeeds(200)["total"], 0, "a filter narrows");
}

#[test]
fn fields_that_a_preset_leaves_out_are_unknown_to_every_parameter() {
    let archive = Archive::new();
    archive.folder(json!({ "label": "a", "note": "secret" }));
    let client = &archive.root.client;
    for query in [
        "fields={}",
        "fields=-{}",
        "sort={}",
        "{}=secret",
        "{}[contains]=s",
        "{}=null",
        "filters=%7B%22{}%22:%22secret%22%7D",
        "OR[0][{}]=secret",
        "keeper[{}]=x",
        "fields=keeper.{}",
    ] {
        let [hidden, unknown] = ["note", "unheard"]
            .map(|name| refused(client.get(&format!("{FOLDERS}?{}", query.replace("{}", name)))).replace(name, ""));
        assert_eq!(hidden, unknown, "{query}");
    }
    for query in
        ["fields=+papers", "papers[title]=a", "fields=keeper.isActive", "keeper[folders][label]=a", "openedAt=null"]
    {
        refused(client.get(&format!("{FOLDERS}?{query}")));
    }
    assert_eq!(client.get(&format!("{FOLDERS}?search=secret")).succeeds(200)["total"], 0, "nor is it searched");
}

#[test]
fn each_route_has_its_own_preset() {
    let archive = Archive::new();
    let client = &archive.root.client;
    let body = json!({ "label": "new", "note": "…", "papers": [{ "title": "deed", "pages": 3 }] });
    let made = client.post(FOLDERS, body).succeeds(201);
    assert_eq!(made["data"], json!({ "id": made.id(), "label": "new", "papers": [{ "title": "deed" }] }));
    refused(client.post(&format!("{FOLDERS}?fields=note"), json!({ "label": "never" })));
    let row = client.get(&format!("{FOLDERS}/{}", made.id())).succeeds(200);
    assert!(row["data"]["note"].is_null() && row["data"]["openedAt"].is_null() && row["data"]["label"] == "new");
    assert!(!keys(&row["data"]).contains(&"note"), "the one field that is left out");
    // Nor through a relation that leads back.
    let path = format!("{FOLDERS}/{}", made.id());
    client.get(&format!("{path}?fields=papers.folder.note")).expect(400, "InvalidRequestQuery");
    let back = client.get(&format!("{path}?fields=+papers.folder")).succeeds(200);
    assert_eq!(
        (&back["data"]["papers"][0]["folder"]["label"], &back["data"]["papers"][0]["folder"]["note"]),
        (&json!("new"), &Value::Null)
    );
    let with = client.get(&format!("{FOLDERS}/{}?fields=+papers", made.id())).succeeds(200);
    assert_eq!(with["data"]["papers"][0]["pages"], 3, "a route that only leaves fields out does not limit relations");
    let changed = client.patch(&format!("{FOLDERS}/many?label=new"), json!({ "shelf": 4 })).succeeds(200);
    assert_eq!(changed["data"], json!([{ "id": made.id(), "label": "new", "shelf": 4 }]));
    let refused = client.patch(&format!("{FOLDERS}/many?openedAt=null"), json!({ "shelf": 5 }));
    refused.expect(400, "InvalidRequestQuery");
    assert_eq!(archive.stored(&made.id())["shelf"], 4);
    assert_eq!(client.get(&format!("{FOLDERS}?label=never")).succeeds(200)["total"], 0);
}

#[test]
fn a_row_outside_the_preset_is_answered_like_a_missing_row() {
    let archive = Archive::new();
    let (id, client) = (sealed(&archive), &archive.root.client);
    let path = format!("{FOLDERS}/{id}");
    client.patch(&path, json!({ "label": "opened" })).expect(404, "FolderNotFound");
    assert_eq!(client.patch(&format!("{FOLDERS}/many?shelf=7"), json!({ "shelf": 8 })).succeeds(200)["results"], 0);
    let stranger = archive.sign_up();
    stranger.client.delete(&path).expect(404, "FolderNotFound");
    assert_eq!(stranger.client.delete(&format!("{FOLDERS}/many?shelf=7")).succeeds(200)["results"], 0);
    assert_eq!(archive.stored(&id), json!({ "label": "sealed", "status": "sealed", "shelf": 7 }));
    client.delete(&path).succeeds(204);
}

#[test]
fn a_preset_does_not_count_as_the_filter_of_a_bulk_write() {
    let archive = Archive::new();
    let id = archive.folder(json!({ "label": "open", "shelf": 1 }));
    let client = &archive.root.client;
    client.patch(&format!("{FOLDERS}/many"), json!({ "shelf": 2 })).expect(400, "MissingFilterCriteria");
    client.delete(&format!("{FOLDERS}/many")).expect(400, "MissingFilterCriteria");
    assert_eq!(archive.stored(&id)["shelf"], 1);
}

#[test]
fn a_change_may_move_a_row_out_of_the_preset() {
    let archive = Archive::new();
    let id = archive.folder(json!({ "label": "a" }));
    let path = format!("{FOLDERS}/{id}");
    archive.root.client.patch(&path, json!({ "status": "sealed" })).succeeds(200);
    archive.root.client.patch(&path, json!({ "status": "open" })).expect(404, "FolderNotFound");
    assert_eq!(archive.stored(&id)["status"], "sealed");
}

#[test]
fn a_body_reaches_no_row_that_its_own_route_would_not() {
    let archive = Archive::new();
    let (id, client) = (sealed(&archive), &archive.root.client);
    let body = json!({ "title": "a", "folder": { "id": id, "label": "opened" } });
    client.post(PAPERS, body).expect(400, "InlineRecordNotFound");
    assert_eq!(client.get(&format!("{PAPERS}?title=a")).succeeds(200)["total"], 0);
    assert_eq!(archive.stored(&id)["label"], "sealed");
    client.post(PAPERS, json!({ "title": "a", "folder": { "id": id } })).succeeds(201);
}
