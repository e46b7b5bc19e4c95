//! Parses text into a positioned tree. Two parsers read the same text: `saphyr-parser` provides positions and finds
//! YAML features that the language does not support, `serde_yaml` provides the values of scalars. Only this file uses
//! either of them. After a recoverable problem, parsing continues so that further problems are found.

mod read;

use std::collections::HashSet;

use saphyr_parser::{Event, Parser, Span as Place};

use crate::diagnostic::{Problem, Sink, Span};
use crate::node::{Entry, Node, Value};

use read::ParsedValue;

/// Maximum depth of a document. The language has six levels; JSON defaults may need more.
const MAX_DEPTH: usize = 32;

/// Within braces, YAML would read the brackets of `enum[]` as a list. Both parsers get a placeholder of the same
/// width, so that positions stay correct; the brackets are put back into scalars.
const ENUM_LIST: (&str, &str) = ("enum[]", "enum\u{E0E0}\u{E0E1}");

/// An unquoted `*` starts a YAML alias.
const STAR: &str = "for every logged-in account, write `authenticated`, or [\"*\"] with quotes";

/// Parses one document. Returns `None` if it was refused; the sink then holds the reason. `begins_with` is the help
/// text for an empty document.
pub(crate) fn parse(file: usize, text: &str, begins_with: &str, sink: &mut Sink) -> Option<Node> {
    let text = text.replace(ENUM_LIST.0, ENUM_LIST.1);
    let mut problems = Vec::new();
    let node = read_node(file, &text, begins_with, &mut problems);
    // A refused tag may be the cause of a parse error, which is then not reported.
    let explained = !problems.is_empty();
    problems.into_iter().for_each(|problem| sink.refuse(problem));
    match node {
        Ok(node) => Some(node),
        Err(problem) => {
            if !explained {
                sink.push(problem);
            }
            None
        }
    }
}

fn read_node(file: usize, text: &str, begins_with: &str, problems: &mut Vec<Problem>) -> Result<Node, Problem> {
    let shape = Outline::new(file, problems).read(text)?.ok_or_else(|| empty(file, begins_with))?;
    let read: ParsedValue = serde_yaml::from_str(text).map_err(|error| unreadable(file, &shape, &error))?;
    join(shape, read, problems)
}

/// The outline of a document: the positions of its nodes, without values.
struct Shape {
    span: Span,
    kind: Kind,
}

enum Kind {
    Scalar(String),
    List(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
}

/// A collection that is still open while events arrive.
struct Open {
    span: Span,
    items: Vec<Shape>,
    is_map: bool,
    keys: HashSet<String>,
}

struct Outline<'p> {
    file: usize,
    /// Problems that do not prevent the rest of the file from being read.
    problems: &'p mut Vec<Problem>,
    stack: Vec<Open>,
    root: Option<Shape>,
    documents: usize,
}

impl<'p> Outline<'p> {
    fn new(file: usize, problems: &'p mut Vec<Problem>) -> Self {
        Outline { file, problems, stack: Vec::new(), root: None, documents: 0 }
    }

    fn read(mut self, text: &str) -> Result<Option<Shape>, Problem> {
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, place)) => self.accept(event, place)?,
                Err(error) => return Err(self.syntax(&error)),
            }
        }
        Ok(self.root.filter(|root| !matches!(&root.kind, Kind::Scalar(text) if text.is_empty())))
    }

    fn accept(&mut self, event: Event<'_>, place: Place) -> Result<(), Problem> {
        let span = self.span(place);
        match event {
            Event::DocumentStart(_) => self.start_document(span),
            Event::Alias(_) => Err(refused_alias(span)),
            Event::Scalar(text, _, anchor, tag) => {
                self.refuse_extras(span, anchor, tag.is_some())?;
                self.finish(Shape { span, kind: Kind::Scalar(text.replace(ENUM_LIST.1, ENUM_LIST.0)) })
            }
            Event::SequenceStart(anchor, tag) => self.open(span, false, anchor, tag.is_some()),
            Event::MappingStart(anchor, tag) => self.open(span, true, anchor, tag.is_some()),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn refuse_extras(&mut self, span: Span, anchor: usize, tagged: bool) -> Result<(), Problem> {
        if anchor > 0 {
            return Err(Problem::new("alias", span, "YAML anchors and aliases are not supported")
                .label("this value has an anchor")
                .help("write the value again where it is needed"));
        }
        if tagged {
            self.problems.push(Problem::new("tag", span, "YAML tags are not supported").label("this value has a tag"));
        }
        Ok(())
    }

    fn start_document(&mut self, span: Span) -> Result<(), Problem> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(Problem::new("multiple-documents", span, "the file contains more than one YAML document")
            .label("a second document begins here")
            .help("one file describes one model"))
    }

    fn open(&mut self, span: Span, is_map: bool, anchor: usize, tagged: bool) -> Result<(), Problem> {
        self.refuse_extras(span, anchor, tagged)?;
        // A diagnostic marks the first character of a collection.
        let span = Span { width: 1, ..span };
        if self.stack.len() >= MAX_DEPTH {
            return Err(Problem::new("too-deep", span, format!("nested more than {MAX_DEPTH} levels deep"))
                .label("this level is too deep"));
        }
        self.stack.push(Open { span, items: Vec::new(), is_map, keys: HashSet::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(open) = self.stack.pop() else {
            return Ok(());
        };
        let kind = if open.is_map { Kind::Map(pairs(open.items)) } else { Kind::List(open.items) };
        self.finish(Shape { span: open.span, kind })
    }

    fn finish(&mut self, mut shape: Shape) -> Result<(), Problem> {
        let Some(parent) = self.stack.last_mut() else {
            self.root = Some(shape);
            return Ok(());
        };
        if parent.is_map {
            if parent.items.len().is_multiple_of(2) {
                self.problems.extend(register_key(&mut parent.keys, &shape)?);
            } else if is_absent(&shape) {
                // A missing value is shown at its key.
                shape.span = parent.items[parent.items.len() - 1].span;
            }
        }
        parent.items.push(shape);
        Ok(())
    }

    fn span(&self, place: Place) -> Span {
        let same_line = place.end.line() == place.start.line();
        let width = if same_line { place.end.col().saturating_sub(place.start.col()) } else { usize::MAX };
        Span { file: self.file, line: place.start.line(), column: place.start.col() + 1, width: width.max(1) }
    }

    fn syntax(&self, error: &saphyr_parser::ScanError) -> Problem {
        let place = error.marker();
        let span = Span { file: self.file, line: place.line().max(1), column: place.col() + 1, width: 1 };
        let problem = invalid(span, error.info());
        if error.info().contains("anchor or alias") {
            return problem.help(STAR);
        }
        problem
    }
}

fn invalid(span: Span, reason: &str) -> Problem {
    Problem::new("invalid-yaml", span, format!("this is not valid YAML: {reason}")).label("the parser stopped here")
}

fn pairs(items: Vec<Shape>) -> Vec<(Shape, Shape)> {
    let mut pairs = Vec::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn is_absent(shape: &Shape) -> bool {
    matches!(&shape.kind, Kind::Scalar(text) if text.is_empty()) && shape.span.width <= 1
}

fn register_key(keys: &mut HashSet<String>, key: &Shape) -> Result<Option<Problem>, Problem> {
    let Kind::Scalar(text) = &key.kind else {
        return Err(Problem::new("invalid-yaml", key.span, "a key must be a plain name").label("not a name"));
    };
    if keys.insert(text.clone()) {
        return Ok(None);
    }
    let problem = Problem::new("duplicate-key", key.span, format!("the key `{text}` is given twice"));
    Ok(Some(problem.label("this key already has a value above")))
}

fn refused_alias(span: Span) -> Problem {
    Problem::new("alias", span, "YAML anchors and aliases are not supported")
        .label("refers to another part of the file")
        .help("write the value again where it is needed")
}

fn empty(file: usize, begins_with: &str) -> Problem {
    Problem::new("empty-file", Span::start_of(file), "the file is empty").help(begins_with)
}

fn unreadable(file: usize, shape: &Shape, error: &serde_yaml::Error) -> Problem {
    let span = error.location().map_or(shape.span, |place| Span {
        file,
        line: place.line().max(1),
        column: place.column().max(1),
        width: 1,
    });
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    invalid(span, reason)
}

/// Joins the outline with the values: each scalar gets its position.
fn join(shape: Shape, read: ParsedValue, problems: &mut Vec<Problem>) -> Result<Node, Problem> {
    let span = shape.span;
    let value = match (shape.kind, read) {
        (Kind::Scalar(text), read) => scalar(span, text, read, problems)?,
        (Kind::List(shapes), ParsedValue::List(items)) if shapes.len() == items.len() => {
            let nodes = shapes.into_iter().zip(items).map(|(shape, item)| join(shape, item, problems));
            Value::List(nodes.collect::<Result<_, _>>()?)
        }
        (Kind::Map(pairs), ParsedValue::Map(values)) if pairs.len() == values.len() => {
            let entries = pairs.into_iter().zip(values).map(|(pair, value)| entry(pair, value, problems));
            Value::Map(entries.collect::<Result<_, _>>()?)
        }
        _ => return Err(invalid(span, "two YAML parsers read this differently")),
    };
    Ok(Node { span, value })
}

fn entry(pair: (Shape, Shape), value: ParsedValue, problems: &mut Vec<Problem>) -> Result<Entry, Problem> {
    let (key, shape) = pair;
    let key_span = key.span;
    let Kind::Scalar(key) = key.kind else {
        return Err(invalid(key_span, "a key must be a plain name"));
    };
    problems.extend(check_text(key_span, &key));
    Ok(Entry { key, key_span, node: join(shape, value, problems)? })
}

fn scalar(span: Span, text: String, read: ParsedValue, problems: &mut Vec<Problem>) -> Result<Value, Problem> {
    Ok(match read {
        ParsedValue::Null => Value::Null,
        ParsedValue::Bool(value) => Value::Bool(value),
        ParsedValue::Int(value) => Value::Int { value, text },
        ParsedValue::Float(value) => Value::Float { value, text },
        ParsedValue::Text(value) => {
            let value = value.replace(ENUM_LIST.1, ENUM_LIST.0);
            problems.extend(check_text(span, &value));
            Value::Text(value)
        }
        ParsedValue::List(_) | ParsedValue::Map(_) => {
            return Err(invalid(span, "two YAML parsers read this differently"));
        }
    })
}

/// Refuses characters that escapes produce and that decoding refuses in raw form: PostgreSQL refuses NUL, and rustc
/// refuses a lone carriage return and bidirectional control characters in comments and literals.
fn check_text(span: Span, text: &str) -> Option<Problem> {
    let bad = text.chars().find(|&c| (c.is_control() && c != '\n' && c != '\t') || is_bidi_control(c))?;
    let message = format!("the text contains the character U+{:04X}", u32::from(bad));
    Some(Problem::new("control-character", span, message).label("not allowed in text"))
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
