//! Converts models to tables.

use gable_meta::limits::MAX_IDENTIFIER_BYTES;
use gable_schema::Schema;
use gable_schema::schema::{self, Default, Field, FieldType, IdKind, Model, Origin, RelationKind};

use super::tables::{Column, ColumnType, ForeignKey, Index, OnDelete, Table, Tables, fnv};
use crate::view::key_kind;

impl Tables {
    /// The tables of a schema.
    pub fn of(schema: &Schema) -> Self {
        let models = schema.models.iter().map(|model| model_table(schema, model));
        let mut tables: Vec<Table> = models.collect();
        for model in &schema.models {
            for table in join_tables(schema, model) {
                // Both sides of a many-to-many relation describe the same table.
                if tables.iter().all(|known| known.name != table.name) {
                    tables.push(table);
                }
            }
        }
        Self { tables }
    }
}

fn model_table(schema: &Schema, model: &Model) -> Table {
    Table {
        name: model.table.clone(),
        columns: model.fields.iter().map(|field| column(schema, model, field)).collect(),
        primary_key: vec!["id".to_owned()],
        indexes: indexes(model),
        foreign_keys: model.fields.iter().filter_map(|field| foreign_key(schema, model, field)).collect(),
    }
}

fn column(schema: &Schema, model: &Model, field: &Field) -> Column {
    let values = match &field.ty {
        FieldType::Enum { values, .. } => values.iter().map(|value| value.value.clone()).collect(),
        _ => Vec::new(),
    };
    let default = match &field.default {
        Some(Default::Value(value)) => Some(value.clone()),
        _ => None,
    };
    Column { name: field.column.clone(), ty: column_type(schema, model, field), null: field.optional, default, values }
}

fn column_type(schema: &Schema, model: &Model, field: &Field) -> ColumnType {
    if let Some(kind) = key_kind(schema, model, field) {
        return key_type(kind, field.origin == Origin::Id);
    }
    match &field.ty {
        FieldType::String { max, .. } => ColumnType::Varchar(*max),
        FieldType::Text { .. } => ColumnType::Text,
        FieldType::Email | FieldType::Url | FieldType::Password => ColumnType::Varchar(255),
        FieldType::Integer { .. } => ColumnType::Integer,
        FieldType::Bigint { .. } => ColumnType::Bigint,
        FieldType::Float { .. } => ColumnType::Double,
        FieldType::Decimal { precision, scale, .. } => ColumnType::Numeric(*precision, *scale),
        FieldType::Boolean => ColumnType::Boolean,
        FieldType::Date => ColumnType::Date,
        FieldType::Time => ColumnType::Time,
        FieldType::Datetime => ColumnType::Timestamp,
        FieldType::Uuid => ColumnType::Uuid,
        FieldType::Json { .. } | FieldType::EnumList { .. } => ColumnType::Json,
        FieldType::Enum { values, .. } => enum_type(values),
    }
}

fn key_type(kind: IdKind, own: bool) -> ColumnType {
    match kind {
        IdKind::Uuid => ColumnType::Uuid,
        IdKind::Integer if own => ColumnType::Identity,
        IdKind::Integer => ColumnType::Bigint,
    }
}

/// Width of an enum column, so that a longer value added later seldom needs another type.
fn enum_type(values: &[schema::EnumValue]) -> ColumnType {
    let longest = values.iter().map(|value| value.value.chars().count()).max().unwrap_or_default();
    ColumnType::Varchar(u32::try_from(longest).unwrap_or(u32::MAX).max(255))
}

/// Uniques first, then indexes of single fields, then those of several.
fn indexes(model: &Model) -> Vec<Index> {
    let named = |index: &schema::Index, unique: bool| Index {
        name: index.name.clone(),
        columns: index.fields.iter().filter_map(|name| Some(model.field(name)?.column.clone())).collect(),
        unique,
        folded: folded(index.fields.iter().filter_map(|name| model.field(name))),
    };
    let single = model.fields.iter().filter(|field| field.index).map(|field| Index {
        name: shortened(format!("idx_{}_{}", model.table, field.column)),
        columns: vec![field.column.clone()],
        unique: false,
        folded: folded([field]),
    });
    let all = model.uniques.iter().map(|index| named(index, true));
    let all = all.chain(single).chain(model.indexes.iter().map(|index| named(index, false)));
    let mut kept: Vec<Index> = Vec::new();
    for index in all.map(|index| in_order(model, index)) {
        // `index: true` and `indexes: [[field]]` give the same index, and so do `indexes: [[key, id]]` and the key
        // itself.
        if kept.iter().all(|known| known.name != index.name && known.columns != index.columns) {
            kept.push(index);
        }
    }
    kept
}

fn folded<'m>(fields: impl IntoIterator<Item = &'m Field>) -> Vec<String> {
    fields.into_iter().filter(|field| field.case_insensitive).map(|field| field.column.clone()).collect()
}

/// The index of a foreign key also contains the id: the first rows of one parent can be read in order of their ids,
/// without reading its other rows.
fn in_order(model: &Model, mut index: Index) -> Index {
    let is_key =
        |field: &Field| matches!(field.origin, Origin::ForeignKey { .. }) && index.columns == [field.column.as_str()];
    if !index.unique && model.fields.iter().any(is_key) {
        index.columns.push("id".to_owned());
    }
    index
}

fn foreign_key(schema: &Schema, model: &Model, field: &Field) -> Option<ForeignKey> {
    let relation = model.relations.iter().find(|relation| is_key(&relation.kind, &field.name))?;
    let RelationKind::BelongsTo { on_delete, .. } = &relation.kind else {
        return None;
    };
    Some(ForeignKey {
        name: shortened(format!("fk_{}_{}", model.table, field.column)),
        column: field.column.clone(),
        table: schema.model(&relation.target)?.table.clone(),
        on_delete: match on_delete {
            schema::OnDelete::Cascade => OnDelete::Cascade,
            schema::OnDelete::Restrict => OnDelete::Restrict,
            schema::OnDelete::SetNull => OnDelete::SetNull,
        },
    })
}

fn is_key(kind: &RelationKind, name: &str) -> bool {
    matches!(kind, RelationKind::BelongsTo { field, .. } if field == name)
}

fn join_tables<'s>(schema: &'s Schema, model: &'s Model) -> impl Iterator<Item = Table> + use<'s> {
    model.relations.iter().filter_map(|relation| match &relation.kind {
        RelationKind::ManyToMany { table, this_column, target_column, through: None } => {
            let target = schema.model(&relation.target)?;
            Some(join_table(table, [(this_column, model), (target_column, target)]))
        }
        _ => None,
    })
}

/// Puts the sides into a fixed order, whichever model describes the table.
fn join_table(name: &str, mut sides: [(&String, &Model); 2]) -> Table {
    sides.sort_by(|left, right| left.0.cmp(right.0));
    let columns: Vec<String> = sides.iter().map(|(column, _)| (*column).clone()).collect();
    Table {
        name: name.to_owned(),
        columns: sides.iter().map(|(column, model)| join_column(column, model)).collect(),
        // The primary key serves look-ups from the first side, the index those from the second; both are ordered by
        // the ids that they find.
        indexes: vec![Index {
            name: shortened(format!("idx_{name}_{}", columns[1])),
            columns: vec![columns[1].clone(), columns[0].clone()],
            unique: false,
            folded: Vec::new(),
        }],
        foreign_keys: sides.iter().map(|(column, model)| join_key(name, column, model)).collect(),
        primary_key: columns,
    }
}

fn join_column(name: &str, model: &Model) -> Column {
    Column { name: name.to_owned(), ty: key_type(model.id, false), null: false, default: None, values: Vec::new() }
}

fn join_key(table: &str, column: &str, model: &Model) -> ForeignKey {
    ForeignKey {
        name: shortened(format!("fk_{table}_{column}")),
        column: column.to_owned(),
        table: model.table.clone(),
        on_delete: OnDelete::Cascade,
    }
}

/// Shortens a name to [`MAX_IDENTIFIER_BYTES`] bytes; a name that is cut ends in a hash of the full name.
pub(super) fn shortened(name: String) -> String {
    if name.len() <= MAX_IDENTIFIER_BYTES {
        return name;
    }
    let hash = fnv(name.as_bytes()) as u32;
    let kept = &name[..MAX_IDENTIFIER_BYTES - 9];
    format!("{}_{hash:08x}", kept.trim_end_matches('_'))
}
