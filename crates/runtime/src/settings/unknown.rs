//! Variables that look like settings and are none: most often a name that is misspelt.

/// Settings of this runtime begin with it.
pub(super) const PREFIX: &str = "GABLE_";
/// One wrong character in so many still makes a known name likely.
const TYPING_ERROR: usize = 3;

/// A warning for each name that begins like a setting and is not known.
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

/// Levenshtein's distance: how many characters are to be put in, taken out or replaced.
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
