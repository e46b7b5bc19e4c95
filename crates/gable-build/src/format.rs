//! Formats printed Rust code.

use syn::parse::Parser;
use syn::{Attribute, File, ImplItem, Item, ItemUse, UseTree, Visibility};

/// An attribute that stands for a blank line, which a syntax tree cannot hold.
const BLANK_LINE: &str = "#[gable_blank_line]";

/// Formats a file, with a blank line between items of different kinds and between those that have a body.
pub(crate) fn file(mut file: File) -> String {
    let items = std::mem::take(&mut file.items);
    let mut text = prettyplease::unparse(&file);
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    file.attrs.clear();
    let mut before = None;
    for mut item in items {
        let kind = Kind::of(&item);
        if before.is_some_and(|before| before != kind || kind == Kind::Body) {
            text.push('\n');
        }
        separate_members(&mut item);
        file.items = vec![item];
        text += &with_blank_lines(&join_wrapped_options(&prettyplease::unparse(&file)));
        before = Some(kind);
    }
    text
}

/// Marks where a blank line belongs between the members of an `impl`: around functions, and between members of
/// different kinds.
fn separate_members(item: &mut Item) {
    let Item::Impl(block) = item else { return };
    let mut before = None;
    for member in &mut block.items {
        let (kind, attributes) = match member {
            ImplItem::Const(member) => ("const", &mut member.attrs),
            ImplItem::Fn(member) => ("fn", &mut member.attrs),
            ImplItem::Type(member) => ("type", &mut member.attrs),
            ImplItem::Macro(member) => ("macro", &mut member.attrs),
            _ => continue,
        };
        if before.is_some_and(|before| before != kind || kind == "fn") {
            attributes.splice(0..0, blank_line());
        }
        before = Some(kind);
    }
}

fn blank_line() -> Vec<Attribute> {
    Attribute::parse_outer.parse_str(BLANK_LINE).unwrap_or_default()
}

fn with_blank_lines(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim() == BLANK_LINE { "" } else { line });
    lines.fold(String::with_capacity(text.len()), |text, line| text + line + "\n")
}

/// Joins a wrapped `Option<T>` into one line: its trailing comma would be taken for a part of `T` by SeaORM's derive.
fn join_wrapped_options(text: &str) -> String {
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
    OwnUse,
    Reexport,
    Module,
    Body,
}

impl Kind {
    fn of(item: &Item) -> Self {
        match item {
            Item::Use(item) if !matches!(item.vis, Visibility::Inherited) => Kind::Reexport,
            Item::Use(item) if is_own(item) => Kind::OwnUse,
            Item::Use(_) => Kind::Use,
            Item::Mod(item) if item.content.is_none() => Kind::Module,
            _ => Kind::Body,
        }
    }
}

/// Returns true for an import from the generated crate itself.
fn is_own(item: &ItemUse) -> bool {
    matches!(&item.tree, UseTree::Path(path) if path.ident == "crate")
}
