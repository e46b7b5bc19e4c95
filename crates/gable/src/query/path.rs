//! The two spellings of a path: `author[name][contains]` and `author__name__contains`, freely mixed.

/// The parts of a parameter's name; `None` if brackets do not match or a part is empty.
pub(super) fn parts(name: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = match name.find('[') {
        Some(bracket) => name.split_at(bracket),
        None => (name, ""),
    };
    let mut parts: Vec<&str> = first.split("__").collect();
    while let Some(inner) = rest.strip_prefix('[') {
        let (part, after) = inner.split_once(']')?;
        parts.extend(part.split("__"));
        // `author[name]__contains`
        let end = after.find('[').unwrap_or(after.len());
        let (between, next) = after.split_at(end);
        if !between.is_empty() {
            parts.extend(between.strip_prefix("__")?.split("__"));
        }
        rest = next;
    }
    let whole = rest.is_empty() && parts.iter().all(|part| !part.is_empty() && !part.contains(['[', ']']));
    whole.then_some(parts)
}

/// Like `parts`, for a name that may end in `[]` like an element of a list; the flag tells whether it does.
pub(super) fn element(name: &str) -> Option<(Vec<&str>, bool)> {
    match name.strip_suffix("[]") {
        Some(list) => parts(list).map(|parts| (parts, true)),
        None => parts(name).map(|parts| (parts, false)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_spellings_and_their_mixtures_mean_the_same() {
        let expected = vec!["author", "name", "contains"];
        for name in [
            "author[name][contains]",
            "author__name__contains",
            "author[name]__contains",
            "author__name[contains]",
            "author[name__contains]",
        ] {
            assert_eq!(parts(name).as_ref(), Some(&expected), "{name}");
        }
        assert_eq!(parts("title"), Some(vec!["title"]));
    }

    #[test]
    fn what_is_no_path_has_no_parts() {
        for name in [
            "", "[", "a[", "a]", "a[]", "a[b", "a[b]c", "a[[b]]", "a____b", "__a", "a__", "a[b]]", "[a]", "a[b][]",
            "a[b]_c",
        ] {
            assert_eq!(parts(name), None, "{name}");
        }
    }
    fn name() -> impl Strategy<Value = String> {
        let pieces = proptest::sample::select(vec!["a", "name", "_", "__", "[", "]", "é", "🦀", " ", "."]);
        prop_oneof![proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()), "\\PC{0,30}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_name_has_no_parts_or_such_as_both_spellings_lead_to(name in name()) {
            if let Some(parts) = parts(&name) {
                prop_assert!(parts.iter().all(|part| !part.is_empty() && !part.contains(['[', ']']) && !part.contains("__")));
                prop_assert!(parts.iter().all(|part| name.contains(part)));
                let bracketed = format!("{}{}", parts[0], parts[1..].iter().map(|part| format!("[{part}]")).collect::<String>());
                prop_assert_eq!(super::parts(&bracketed), Some(parts));
            }
        }
    }
}
