//! Suggestions for misspelt names: the nearest known name.

/// Longest name that is compared, in characters; no identifier of the language is as long.
const LONGEST: usize = 64;

/// Returns the candidate with the fewest edits, if there are few enough for a typing error.
pub(crate) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns ``did you mean `User`?``, or the list of known names if none is near and the list is short.
pub(crate) fn suggestion<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(nearest) = nearest(name, candidates.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let short = (1..=12).contains(&candidates.len());
    short.then(|| format!("must be {}", alternatives(&candidates)))
}

/// `` `a`, `b` and `c` ``
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    joined(names, "and")
}

/// `` `a`, `b` or `c` ``
pub(crate) fn alternatives<S: AsRef<str>>(names: &[S]) -> String {
    joined(names, "or")
}

fn joined<S: AsRef<str>>(names: &[S], conjunction: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {conjunction} {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// Counts the edits between two words; a swap of neighbouring characters is one edit (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn swapped_letters_count_as_one_edit() {
        assert_eq!(nearest("udpateMe", ["updateMe", "deleteMe"]), Some("updateMe"));
        assert_eq!(nearest("Usr", ["User", "Post"]), Some("User"));
    }

    #[test]
    fn unlike_names_are_not_suggested() {
        assert_eq!(nearest("price", ["title", "slug"]), None);
    }
}
