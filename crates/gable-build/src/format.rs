//! Formats printed Rust code.

use syn::{File, Item};

/// Formats a file, with a blank line between items of different kinds and between those that have a body.
pub(crate) fn file(mut file: File) -> String {
    let items = std::mem::take(&mut file.items);
    let mut text = prettyplease::unparse(&file);
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    file.attrs.clear();
    let mut before = None;
    for item in items {
        let kind = Kind::of(&item);
        if before.is_some_and(|before| before != kind || kind == Kind::Body) {
            text.push('\n');
        }
        file.items = vec![item];
        text += &unwrapped_options(&prettyplease::unparse(&file));
        before = Some(kind);
    }
    text
}

/// Joins a wrapped `Option<T>` into one line: its trailing comma would be taken for a part of `T` by SeaORM's derive.
fn unwrapped_options(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        joined += line;
        if line.ends_with(": Option<") {
            let inner = lines.next().unwrap_or_default();
            let end = lines.next().unwrap_or_default();
            joined += inner.trim().trim_end_matches(',');
            joined += end.trim();
        }
        joined.push('\n');
    }
    joined
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Use,
    Reexport,
    Module,
    Body,
}

impl Kind {
    fn of(item: &Item) -> Self {
        match item {
            Item::Use(item) if matches!(item.vis, syn::Visibility::Inherited) => Kind::Use,
            Item::Use(_) => Kind::Reexport,
            Item::Mod(_) => Kind::Module,
            _ => Kind::Body,
        }
    }
}
