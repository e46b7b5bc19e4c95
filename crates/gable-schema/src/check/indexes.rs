//! Indexes and unique constraints: their fields, their names, and the limits of the databases.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftIndex, DraftModel};
use crate::names;
use crate::schema::{Field, FieldType, Index, Origin, Relation};

use super::CheckContext;
use super::columns::{Column, Columns};
use super::sql_names::SqlNames;

/// MySQL's maximum size of an index entry, in bytes.
const MAX_INDEX_BYTES: u64 = 3_072;
/// MySQL's maximum size of a row, in bytes, minus a reserve for columns that every row has.
const MAX_ROW_BYTES: u64 = 65_535 - 512;
/// MySQL's limit on the columns of one index.
const MAX_INDEX_FIELDS: usize = 16;
/// MySQL counts four bytes for a character.
const BYTES_PER_CHARACTER: u64 = 4;

pub(crate) struct Indexes {
    pub(crate) plain: Vec<Index>,
    pub(crate) unique: Vec<Index>,
}

pub(crate) fn check(
    context: &CheckContext<'_, '_>,
    columns: &[Columns],
    relations: &[Vec<Relation>],
    sink: &mut Sink,
) -> Vec<Indexes> {
    let mut names = SqlNames::of_tables(context, relations, sink);
    let models = context.drafts.iter().zip(columns);
    models.map(|(draft, columns)| model_indexes(draft, columns, &mut names, sink)).collect()
}

fn model_indexes(draft: &DraftModel<'_>, columns: &Columns, names: &mut SqlNames, sink: &mut Sink) -> Indexes {
    check_row(draft, columns, sink);
    let unique_alone: Vec<UnnamedIndex> =
        columns.iter().filter(|column| column.field.unique).map(UnnamedIndex::alone).collect();
    let unique = merge(unique_alone, &draft.uniques, &[], draft, columns, sink);
    let index_alone = columns.iter().filter(|column| has_own_index(&column.field));
    let plain = merge(index_alone.map(UnnamedIndex::alone).collect(), &draft.indexes, &unique, draft, columns, sink);
    Indexes {
        unique: unique.into_iter().map(|unnamed| unnamed.named("uq", draft, columns, names)).collect(),
        plain: plain.into_iter().map(|unnamed| unnamed.named("idx", draft, columns, names)).collect(),
    }
}

fn has_own_index(field: &Field) -> bool {
    field.index || (matches!(field.origin, Origin::ForeignKey { .. }) && !field.unique)
}

/// An index that has no name yet.
struct UnnamedIndex {
    fields: Vec<String>,
    span: Span,
    /// True if declared in `indexes:` or `unique:`, false if by an attribute.
    listed: bool,
}

impl UnnamedIndex {
    fn alone(column: &Column) -> Self {
        UnnamedIndex { fields: vec![column.field.name.clone()], span: column.span, listed: false }
    }

    fn named(self, prefix: &str, draft: &DraftModel<'_>, columns: &Columns, names: &mut SqlNames) -> Index {
        let table = names::table(&draft.name.value);
        let names_of: Vec<&str> = self
            .fields
            .iter()
            .filter_map(|name| columns.get(name))
            .map(|column| column.field.column.as_str())
            .collect();
        Index { name: names.index(prefix, &table, &names_of), fields: self.fields }
    }
}

/// Returns single fields first, in field order, then the lists.
fn merge(
    alone: Vec<UnnamedIndex>,
    listed: &[DraftIndex],
    uniques: &[UnnamedIndex],
    draft: &DraftModel<'_>,
    columns: &Columns,
    sink: &mut Sink,
) -> Vec<UnnamedIndex> {
    let mut all = alone;
    for index in listed {
        let Some(unnamed) = resolve(index, draft, columns, sink) else {
            continue;
        };
        let twice = all.iter().chain(uniques).find(|other| other.fields == unnamed.fields);
        match twice {
            // A foreign key gets an index in any case, and a unique constraint includes one.
            Some(other) if !other.listed && unnamed.fields.len() == 1 => {}
            Some(_) => sink.push(
                Problem::new("duplicate-index", index.span, "these fields already have an index")
                    .label("remove this list")
                    .help("a unique constraint includes an index"),
            ),
            None => all.push(unnamed),
        }
    }
    let mut single: Vec<UnnamedIndex> = Vec::new();
    let mut several: Vec<UnnamedIndex> = Vec::new();
    for unnamed in all {
        check_index(&unnamed, columns, sink);
        if unnamed.fields.len() == 1 { single.push(unnamed) } else { several.push(unnamed) }
    }
    let position = |unnamed: &UnnamedIndex| columns.iter().position(|column| column.field.name == unnamed.fields[0]);
    single.sort_by_key(position);
    single.extend(several);
    single
}

fn resolve(index: &DraftIndex, draft: &DraftModel<'_>, columns: &Columns, sink: &mut Sink) -> Option<UnnamedIndex> {
    let mut fields: Vec<String> = Vec::new();
    let mut valid = true;
    for name in &index.fields {
        let found = columns.resolve(name, draft, sink).is_some();
        let twice = fields.contains(&name.value);
        if twice {
            let message = format!("`{}` is listed twice in one index", name.value);
            sink.push(Problem::new("duplicate-value", name.span, message).label("already listed"));
        }
        valid &= found && !twice;
        fields.push(name.value.clone());
    }
    if fields.len() > MAX_INDEX_FIELDS {
        let message = format!("an index has at most {MAX_INDEX_FIELDS} fields");
        sink.push(Problem::new("index-too-large", index.span, message).label(format!("this one has {}", fields.len())));
        valid = false;
    }
    valid.then_some(UnnamedIndex { fields, span: index.span, listed: true })
}

fn check_index(unnamed: &UnnamedIndex, columns: &Columns, sink: &mut Sink) {
    let mut bytes = 0;
    for column in unnamed.fields.iter().filter_map(|name| columns.get(name)).filter(|column| column.valid) {
        match index_bytes(&column.field.ty) {
            Some(size) => bytes += size,
            None => {
                let message = format!("`{}` cannot be part of an index", column.field.name);
                let problem = Problem::new("index-too-large", unnamed.span, message);
                sink.push(problem.label("not every database can index its type").help("use `string` with a `max`"));
                return;
            }
        }
    }
    if bytes > MAX_INDEX_BYTES {
        sink.push(
            Problem::new(
                "index-too-large",
                unnamed.span,
                format!("the index takes {bytes} bytes; MySQL allows {MAX_INDEX_BYTES}"),
            )
            .label("its strings are too long")
            .help("lower `max`: a character counts as four bytes"),
        );
    }
}

/// Returns true if every database can index this type.
pub(super) fn is_indexable(ty: &FieldType) -> bool {
    index_bytes(ty).is_some_and(|bytes| bytes <= MAX_INDEX_BYTES)
}

/// Returns the size of an index entry in bytes, or `None` if the type cannot be indexed.
fn index_bytes(ty: &FieldType) -> Option<u64> {
    match ty {
        FieldType::Text { .. } | FieldType::Json { .. } | FieldType::EnumList { .. } | FieldType::Password => None,
        other => Some(stored_bytes(other)),
    }
}

/// Returns the maximum size, in bytes, of a value in a MySQL row.
fn stored_bytes(ty: &FieldType) -> u64 {
    match ty {
        FieldType::String { max, .. } => u64::from(*max) * BYTES_PER_CHARACTER + 2,
        // Enums have the same width, so that a longer value can be added later without changing the column type.
        FieldType::Email | FieldType::Url | FieldType::Password | FieldType::Enum { .. } => {
            255 * BYTES_PER_CHARACTER + 2
        }
        // Stored outside the row, or short and of fixed size.
        _ => 16,
    }
}

fn check_row(draft: &DraftModel<'_>, columns: &Columns, sink: &mut Sink) {
    let bytes: u64 = columns.iter().map(|column| stored_bytes(&column.field.ty)).sum();
    if bytes > MAX_ROW_BYTES {
        let message = format!("a row of `{}` takes {bytes} bytes; MySQL allows {MAX_ROW_BYTES}", draft.name.value);
        sink.push(
            Problem::new("row-too-large", draft.name.span, message)
                .label("its strings are too long in total")
                .help("use `text` for the long ones, or lower `max`: a character counts as four bytes"),
        );
    }
}
