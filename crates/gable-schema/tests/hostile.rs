//! Hostile input: it is refused with diagnostics, in short time, and never causes a panic.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use gable_schema::{Diagnostics, Source, check, load};
use proptest::prelude::*;

fn refuse(text: impl Into<Vec<u8>>) -> Diagnostics {
    let started = Instant::now();
    let outcome = check(&[Source { file: "schema/post.yaml".to_owned(), text: text.into() }]);
    // Enough for a busy machine and an unoptimized build; a hang or exponential work takes far longer.
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    outcome.expect_err("hostile input is refused")
}

fn codes(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code()).collect()
}

#[test]
fn ten_megabytes_are_refused_without_parsing() {
    assert_eq!(codes(&refuse("model: Post\n".repeat(900_000))), ["too-large"]);
}

#[test]
fn an_alias_bomb_does_not_explode() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 9].join(", ")));
    }
    assert_eq!(codes(&refuse(bomb)), ["alias"]);
}

#[test]
fn deep_nesting_is_refused_in_every_style() {
    let block: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for text in ["[".repeat(500_000), "{a: ".repeat(200_000), "- ".repeat(400_000), "? ".repeat(400_000), block] {
        let found = refuse(text);
        assert!(matches!(codes(&found)[..], ["too-deep"] | ["invalid-yaml"]), "{found}");
    }
}

#[test]
fn a_megabyte_of_unknown_keys_is_reported_in_a_few_pages() {
    let keys: String = (0..60_000).map(|index| format!("key{index}: 1\n")).collect();
    let found = refuse(format!("model: Post\n{keys}"));
    assert!(found.len() <= 201, "{}", found.len());
    let shown = found.to_string();
    assert!(shown.contains("too-many-problems") && shown.len() < 100_000, "{}", shown.len());
}

#[test]
fn a_file_full_of_refused_values_is_reported_in_a_few_pages() {
    let lines = "  a: !x b\n".repeat(30_000);
    let line = format!("fields: [{}]\n", "!x b, ".repeat(50_000));
    let bells = "# \u{7}\n".repeat(200_000);
    for text in
        [format!("model: Post\nfields:\n{lines}"), format!("model: Post\n{line}"), format!("model: Post\n{bells}")]
    {
        let found = refuse(text);
        assert!(found.len() <= 201, "{}", found.len());
    }
}

#[test]
fn a_long_line_is_shown_in_part() {
    let found = refuse(format!("model: Post\nfields: {{ {}: strng }}\n", "a".repeat(900_000)));
    assert!(found.to_string().len() < 3_000, "{}", found.to_string().len());
    let long_value = refuse(format!("model: Post\nid: {}\n", "a".repeat(900_000)));
    assert!(long_value.to_string().lines().filter(|line| line.starts_with("2 |")).all(|line| line.len() < 200));
}

#[test]
fn every_kind_of_invalid_bytes_is_refused() {
    let cases: [(&[u8], &str); 8] = [
        (b"model: Post\nfields:\n\ttitle: string\n", "tab-indentation"),
        (b"model: P\0st\n", "control-character"),
        (b"model: P\xffst\n", "not-utf8"),
        (b"", "empty-file"),
        (b"\xEF\xBB\xBF", "empty-file"),
        (b"# nothing\n# here\n", "empty-file"),
        (b"---\n...\n", "empty-file"),
        (b"model: Post\n---\nmodel: Tag\n", "multiple-documents"),
    ];
    for (text, code) in cases {
        assert_eq!(codes(&refuse(text)), [code]);
    }
}

#[test]
fn a_byte_order_mark_is_accepted() {
    let text = b"\xEF\xBB\xBFmodel: Post\nfields:\n  title: string\n".to_vec();
    assert!(check(&[Source { file: "schema/post.yaml".to_owned(), text }]).is_ok());
}

#[test]
fn windows_line_breaks_do_not_change_positions() {
    let found = refuse("model: Post\r\nfields:\r\n  title: strng\r\n");
    let only = found.iter().next().expect("there is one");
    assert_eq!((only.line(), only.column()), (3, 10));
    assert!(found.to_string().contains("3 |   title: strng\n"), "{found}");
}

#[test]
fn a_missing_end_is_reported_at_the_last_line() {
    let found = refuse("model: Post\nfields: [title");
    let only = found.iter().next().expect("there is one");
    assert_eq!((only.code(), only.line(), only.column()), ("invalid-yaml", 2, 15));
    assert!(found.to_string().contains("2 | fields: [title\n"), "{found}");
}

#[test]
fn a_missing_or_empty_directory_is_a_diagnostic() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(codes(&load(&directory.path().join("nowhere")).expect_err("refused")), ["missing-directory"]);
    assert_eq!(codes(&load(directory.path()).expect_err("refused")), ["no-models"]);
    assert_eq!(codes(&check(&[]).expect_err("refused")), ["no-models"]);
    let file = directory.path().join("schema");
    fs::write(&file, "model: Post\n").expect("writable");
    assert_eq!(codes(&load(&file).expect_err("refused")), ["missing-directory"]);
}

#[test]
fn an_entry_that_is_no_file_is_a_diagnostic() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(directory.path().join("x.yaml")).expect("writable");
    fs::write(directory.path().join("post.yaml"), "model: Post\n").expect("writable");
    fs::write(directory.path().join(".post.yaml.swp"), "\0").expect("writable");
    fs::write(directory.path().join("notes.txt"), "\0").expect("writable");
    assert_eq!(codes(&load(directory.path()).expect_err("refused")), ["unreadable-file"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_missing_file_or_to_a_device_is_a_diagnostic() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::os::unix::fs::symlink("/nowhere/at/all", directory.path().join("a.yaml")).expect("writable");
    std::os::unix::fs::symlink("/dev/zero", directory.path().join("b.yaml")).expect("writable");
    assert_eq!(codes(&load(directory.path()).expect_err("refused")), ["unreadable-file", "unreadable-file"]);
}

#[test]
fn many_models_are_checked_quickly() {
    let source = |index: usize| Source {
        file: format!("schema/m{index}.yaml"),
        text: format!(
            "model: Thing{index}x\nfields:\n{}relations:\n  next: {{ belongsTo: Thing{}x, optional: true }}\n",
            (0..12)
                .map(|field| format!("  field{field}: {{ type: string, max: 40, index: true }}\n"))
                .collect::<String>(),
            (index + 1) % 300
        )
        .into_bytes(),
    };
    let sources: Vec<Source> = (0..300).map(source).collect();
    let started = Instant::now();
    check(&sources).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
}

/// Returns the accepted and refused fixtures, which the mutations start from.
fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    for folder in ["accepted/document", "accepted/static", "accepted/plain", "rejected"] {
        for entry in fs::read_dir(root.join(folder)).expect("the fixtures are there") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                files.push(fs::read(path).expect("readable"));
            }
        }
    }
    files.sort();
    files.retain(|file| file.len() < 3_000);
    files
}

/// Characters with a meaning in YAML, and words of the schema language.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    "-",
    "- ",
    "?",
    "? ",
    "&",
    "*",
    "!",
    "|",
    ">",
    "'",
    "\"",
    "%",
    "@",
    "`",
    "#",
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    "---\n",
    "...\n",
    "null",
    "~",
    "true",
    "1e999",
    "-0",
    "0x1F",
    "18446744073709551616",
    ".nan",
    "<<: ",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "日",
    "enum[]",
    "$me",
    "now",
    "type: enum",
    "belongsTo: Post",
    "\\x",
    "\\u0000",
    "|+9\n",
    "!!binary ",
    "%YAML 1.2\n---\n",
    "? [a]\n: b\n",
];

fn mutate(mut text: Vec<u8>, changes: &[(usize, usize, usize)]) -> Vec<u8> {
    for &(kind, at, value) in changes {
        let at = at % (text.len() + 1);
        match kind % 4 {
            0 => drop(text.splice(at..at, PIECES[value % PIECES.len()].bytes())),
            1 => drop(text.drain(at..(at + value % 9).min(text.len()))),
            2 if at < text.len() => text[at] ^= 1 << (value % 8),
            _ => {
                let copied: Vec<u8> = text[at..(at + value % 40).min(text.len())].to_vec();
                let to = value % (text.len() + 1);
                drop(text.splice(to..to, copied));
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_schema_panics(
        pick in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), any::<usize>(), any::<usize>()), 1..6),
        is_app in any::<bool>(),
    ) {
        let corpus = corpus();
        let text = mutate(corpus[pick % corpus.len()].clone(), &changes);
        let file = if is_app { "schema/app.yaml" } else { "schema/post.yaml" };
        let partner = Source { file: "schema/partner.yaml".to_owned(), text: b"model: Tag\n".to_vec() };
        if let Err(problems) = check(&[Source { file: file.to_owned(), text }, partner]) {
            prop_assert!(!problems.is_empty());
            prop_assert!(!problems.to_string().is_empty());
        }
    }
}
