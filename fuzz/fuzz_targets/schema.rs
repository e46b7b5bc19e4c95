//! Fuzzes the schema checker; an accepted schema must also have a plan of generated code.
//!
//! An input may contain several files, each after a line `# file: app.yaml`.

#![no_main]

use std::sync::LazyLock;

use gable_build::{Templates, plan};
use gable_fuzz::words;
use gable_schema::{Diagnostics, Source, check};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

static TEMPLATES: LazyLock<Templates> =
    LazyLock::new(|| Templates::built_in().expect("the built-in templates are valid"));

const MARK: &[u8] = b"# file: ";

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| words::of(include_str!("../dictionaries/schema.dict")));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    words::change(data, size, max_size, seed, &WORDS)
});

fuzz_target!(|data: &[u8]| {
    let sources = sources(data);
    match check(&sources) {
        Ok(checked) => {
            if let Err(error) = plan(&checked.schema, &[], &TEMPLATES) {
                panic!("an accepted schema has no plan: {error}");
            }
        }
        Err(found) => assert_readable(&sources, &found),
    }
});

fn sources(data: &[u8]) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let name = line.strip_prefix(MARK).and_then(|name| std::str::from_utf8(name).ok());
        let file = format!("schema/{}", name.unwrap_or("post.yaml").trim());
        // A directory cannot contain two files with the same name.
        let is_new = sources.iter().all(|known| known.file != file);
        match sources.last_mut() {
            Some(source) if name.is_none() || !is_new => source.text.extend_from_slice(line),
            _ if name.is_some() => sources.push(Source { file, text: Vec::new() }),
            _ => sources.push(Source { file, text: line.to_vec() }),
        }
    }
    sources
}

/// Asserts that every problem has a position in its file, and that the text of all problems is not too long.
fn assert_readable(sources: &[Source], found: &Diagnostics) {
    assert!(!found.is_empty());
    for diagnostic in found {
        let text = sources.iter().find(|source| source.file == diagnostic.file()).map(|source| &source.text[..]);
        let breaks = text.unwrap_or_default().iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
        assert!((1..=breaks + 1).contains(&diagnostic.line()) && diagnostic.column() >= 1, "{diagnostic}");
    }
    let shown = found.to_string();
    assert!(!shown.is_empty() && shown.len() < 300_000, "{} bytes of diagnostics", shown.len());
}
