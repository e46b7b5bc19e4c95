//! Reads a YAML map with the help of the table of keys that it accepts.

use crate::diagnostic::{Problem, Sink, Span};
use crate::keys::Table;
use crate::nearest::suggestion;
use crate::node::{Entry, Node, Spanned};

pub(crate) struct Entries<'n> {
    entries: &'n [Entry],
    table: &'static Table,
    pub(crate) span: Span,
}

impl<'n> Entries<'n> {
    /// Opens a map; reports every unknown key and every missing required key.
    pub(crate) fn open(node: &'n Node, table: &'static Table, sink: &mut Sink) -> Option<Self> {
        let entries = node.map(sink)?;
        for entry in entries {
            check_known(entry, table, sink);
        }
        let opened = Entries { entries, table, span: node.span };
        opened.check_required(sink);
        Some(opened)
    }

    /// Like [`Entries::open`], but returns `None` without a problem if the map is missing or null (`server:` with
    /// nothing after it).
    pub(crate) fn open_optional(node: Option<&'n Node>, table: &'static Table, sink: &mut Sink) -> Option<Self> {
        node.filter(|node| !node.is_null()).and_then(|node| Entries::open(node, table, sink))
    }

    fn check_required(&self, sink: &mut Sink) {
        for key in self.table.keys.iter().filter(|key| key.required) {
            if self.entry(key.name).is_none() {
                let message = format!("the key `{}` is missing", key.name);
                sink.push(
                    Problem::new("missing-key", self.span, message).label("this map needs the key").help(key.about),
                );
            }
        }
    }

    /// Returns the entry of a key, even if it has no value.
    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        debug_assert!(self.table.keys.iter().any(|key| key.name == name), "{name} is not in {}", self.table.name);
        self.entries.iter().find(|entry| entry.key == name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// Returns every entry whose key the table contains, in the order of the YAML.
    pub(crate) fn known(&self) -> impl Iterator<Item = &'n Entry> {
        let keys = self.table.keys;
        self.entries.iter().filter(move |entry| keys.iter().any(|key| key.name == entry.key))
    }

    pub(crate) fn text(&self, name: &str, sink: &mut Sink) -> Option<Spanned<String>> {
        self.get(name)?.spanned_text(sink)
    }

    pub(crate) fn plain_text(&self, name: &str, sink: &mut Sink) -> Option<String> {
        self.text(name, sink).map(|text| text.value)
    }

    pub(crate) fn flag(&self, name: &str, sink: &mut Sink) -> bool {
        self.boolean(name, sink).unwrap_or(false)
    }

    pub(crate) fn boolean(&self, name: &str, sink: &mut Sink) -> Option<bool> {
        self.get(name)?.boolean(sink)
    }

    pub(crate) fn u32(&self, name: &str, min: u32, max: u32, sink: &mut Sink) -> Option<u32> {
        let value = self.get(name)?.integer(min.into(), max.into(), sink)?;
        u32::try_from(value).ok()
    }

    /// Reads one of a fixed set of words, which the table of keys defines.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], sink: &mut Sink) -> Option<T> {
        word(self.get(name)?, words, sink)
    }
}

/// Reads one of a fixed set of words.
pub(crate) fn word<T: Copy>(node: &Node, words: &[(&str, T)], sink: &mut Sink) -> Option<T> {
    let text = node.text(sink)?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let help = suggestion(text, words.iter().map(|(name, _)| *name));
    let message = format!("unknown value `{text}`");
    sink.push(Problem::new("unknown-value", node.span, message).label("not a value of this key").maybe_help(help));
    None
}

fn check_known(entry: &Entry, table: &Table, sink: &mut Sink) {
    if table.keys.iter().any(|key| key.name == entry.key) {
        return;
    }
    let code = if table.noun == "operation" { "unknown-operation" } else { "unknown-key" };
    let message = format!("unknown {} `{}`", table.noun, entry.key);
    let help = suggestion(&entry.key, table.keys.iter().map(|key| key.name));
    sink.push(Problem::new(code, entry.key_span, message).label(format!("no such {}", table.noun)).maybe_help(help));
}
