//! Filters on a field whose value is a list.

use serde_json::{Value, json};

use super::{Archive, KEEPERS, refused};

/// Keepers with different roles.
fn keepers(archive: &Archive) -> [String; 4] {
    [json!([]), json!(["reader"]), json!(["keeper", "reader"]), json!(["head keeper"])].map(|roles: Value| {
        let keeper = archive.sign_up();
        let path = format!("{KEEPERS}/{}", keeper.id.as_str().expect("an id"));
        archive.root.client.patch(&path, json!({ "roles": roles })).succeeds(200);
        keeper.name
    })
}

#[test]
fn a_list_field_is_filtered_by_its_elements() {
    let archive = Archive::new();
    let names = keepers(&archive);
    let client = &archive.root.client;
    let own: String = names.iter().map(|name| format!("&AND[0][name][in][]={name}")).collect();
    for (query, kept) in [
        ("roles[has]=reader", vec![1, 2]),
        ("roles__has=keeper", vec![2]),
        ("roles[has]=head keeper", vec![3]),
        ("roles[hasSome]=reader,head keeper", vec![1, 2, 3]),
        ("roles[hasSome]=keeper&roles[hasSome]=head keeper", vec![2, 3]),
        ("roles[hasEvery]=keeper,reader", vec![2]),
        ("roles[hasEvery][]=reader", vec![1, 2]),
        ("roles[isEmpty]=true", vec![0]),
        ("roles[isEmpty]=false", vec![1, 2, 3]),
        ("roles[not][has]=reader", vec![0, 3]),
    ] {
        let query = query.replace(' ', "%20");
        let found = client.get(&format!("{KEEPERS}?sort=createdAt{own}&{query}")).succeeds(200).column("name");
        assert_eq!(found, kept.into_iter().map(|nth| json!(names[nth])).collect::<Vec<_>>(), "{query}");
    }
    let filters = "%7B%22roles%22:%7B%22hasEvery%22:[%22keeper%22,%22reader%22]%7D%7D";
    let found = client.get(&format!("{KEEPERS}?filters={filters}{own}")).succeeds(200).column("name");
    assert_eq!(found, [json!(names[2])]);
}

#[test]
fn operators_that_lists_lack_are_refused_with_those_that_they_have() {
    let archive = Archive::new();
    let client = &archive.root.client;
    for query in ["roles=reader", "roles[in]=reader", "roles[ne]=reader"] {
        let message = refused(client.get(&format!("{KEEPERS}?{query}")));
        assert!(message.contains("'hasSome'"), "{message}");
    }
    for (query, hint) in [
        ("roles[has]=nobody", "one of reader, keeper, head keeper"),
        ("roles[hasSome]=reader,nobody", "one of reader, keeper, head keeper"),
        ("roles[has]=reader&roles[has]=keeper", "may be given once"),
        ("roles[isEmpty]=maybe", "true or false"),
    ] {
        let message = refused(client.get(&format!("{KEEPERS}?{query}")));
        assert!(message.contains(hint), "{message}");
    }
}
