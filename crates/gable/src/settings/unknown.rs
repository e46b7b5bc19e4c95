//! Warnings about unknown variables with names like settings, most often misspelt ones.

/// Prefix of this runtime's settings.
pub(super) const PREFIX: &str = "GABLE_";
/// A known name is suggested if at most one in this many characters differs.
const TYPING_ERROR: usize = 3;

/// Returns a warning for each unknown name that looks like a setting.
pub(super) fn warnings(names: &[String], known: &[String]) -> Vec<String> {
    let unknown = names.iter().filter(|name| name.starts_with(PREFIX) && !known.contains(name));
    let mut warnings: Vec<String> = unknown.map(|name| warning(name, known)).collect();
    warnings.sort();
    warnings
}

fn warning(name: &str, known: &[String]) -> String {
    let near = known.iter().filter(|known| known.starts_with(PREFIX));
    let nearest = near.map(|known| (distance(name, known), known)).min();
    match nearest {
        Some((errors, known)) if errors * TYPING_ERROR <= name.len() - PREFIX.len() => {
            format!("{name} is not a known variable; did you mean {known}?")
        }
        _ => format!("{name} is not a known variable and does nothing"),
    }
}

/// Levenshtein distance: the number of characters to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_insertions_deletions_and_replacements() {
        for (from, to, expected) in [("", "abc", 3), ("abc", "abc", 0), ("abc", "adc", 1), ("kitten", "sitting", 3)] {
            assert_eq!((distance(from, to), distance(to, from)), (expected, expected), "{from} {to}");
        }
    }
}
