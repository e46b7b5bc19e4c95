//! Compares the tables with the schema at start, column by column. Changes made by hand would otherwise appear as
//! errors of single requests, or not at all.

use std::collections::{BTreeSet, HashMap};

use super::{Database, DbError, Dialect, Row, Statement};
use crate::meta::{FieldKind, FieldMeta, ModelMeta, RelationKind};

const POSTGRES: &str = "SELECT c.relname, a.attname, t.typname, a.attnotnull, a.atthasdef OR a.attidentity <> '' \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') \
    AND a.attnum > 0 AND NOT a.attisdropped";

const SQLITE: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0, c.dflt_value IS NOT NULL \
    FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";

/// A column as it is in the database.
struct Found {
    ty: String,
    required: bool,
    has_default: bool,
}

/// The columns of each table, by name.
type Tables = HashMap<String, HashMap<String, Found>>;

impl Database {
    /// Returns every difference between the tables and the models, each as a sentence.
    ///
    /// # Errors
    /// The query fails.
    pub(crate) async fn table_differences(&self, models: &[&'static ModelMeta]) -> Result<Vec<String>, DbError> {
        let tables = self.tables().await?;
        let mut differences = Vec::new();
        for model in models {
            match tables.get(model.table) {
                Some(columns) => differences.extend(of_model(self.dialect(), model, columns)),
                None => differences.push(missing(model.table)),
            }
        }
        differences.extend(join_tables(models).filter(|table| !tables.contains_key(*table)).map(missing));
        Ok(differences)
    }

    async fn tables(&self) -> Result<Tables, DbError> {
        let sql = match self.dialect() {
            Dialect::Postgres => POSTGRES,
            Dialect::Sqlite => SQLITE,
        };
        let mut tables = Tables::new();
        for raw in self.reader().all(Statement::new(self.dialect(), sql)).await? {
            let mut row = Row::new(&raw);
            let (table, column): (String, String) = (row.next()?, row.next()?);
            let found = Found { ty: row.next()?, required: row.next()?, has_default: row.next()? };
            tables.entry(table).or_default().insert(column, found);
        }
        Ok(tables)
    }
}

fn missing(table: &str) -> String {
    format!("the table {table} is missing")
}

fn join_tables(models: &[&'static ModelMeta]) -> impl Iterator<Item = &'static str> {
    let of = |relation: &crate::meta::RelationMeta| match relation.kind {
        RelationKind::ManyToMany { table, .. } => Some(table),
        _ => None,
    };
    let tables: BTreeSet<&'static str> =
        models.iter().flat_map(|model| model.relations.iter().filter_map(of)).collect();
    tables.into_iter()
}

fn of_model(dialect: Dialect, model: &ModelMeta, columns: &HashMap<String, Found>) -> Vec<String> {
    let mut differences: Vec<String> = model
        .fields
        .iter()
        .filter_map(|field| of_field(dialect, model.table, field, columns.get(field.column)))
        .collect();
    for (name, found) in columns {
        let known = model.fields.iter().any(|field| field.column == name);
        if !known && found.required && !found.has_default {
            differences.push(format!("{}.{name} is not in the schema and must be given a value", model.table));
        }
    }
    differences
}

fn of_field(dialect: Dialect, table: &str, field: &FieldMeta, found: Option<&Found>) -> Option<String> {
    let column = field.column;
    let Some(found) = found else { return Some(format!("the column {table}.{column} is missing")) };
    let fits = match dialect {
        Dialect::Postgres => fits_postgres(field.kind, &found.ty),
        Dialect::Sqlite => fits_sqlite(field.kind, &found.ty),
    };
    if !fits {
        let (ty, kind) = (&found.ty, field.kind.name());
        return Some(format!("{table}.{column} has the type {ty}, which does not hold a field of the type {kind}"));
    }
    match (field.optional, found.required) {
        (true, true) => Some(format!("{table}.{column} is NOT NULL, but the field is optional")),
        (false, false) => Some(format!("{table}.{column} may be null, but the field is required")),
        _ => None,
    }
}

/// Whether values of the kind can be read from, and written to, a column of this type of `pg_type`.
fn fits_postgres(kind: FieldKind, ty: &str) -> bool {
    match kind {
        FieldKind::Integer | FieldKind::Bigint => matches!(ty, "int2" | "int4" | "int8"),
        FieldKind::Float => matches!(ty, "float8"),
        FieldKind::Decimal { .. } => ty == "numeric",
        FieldKind::Boolean => ty == "bool",
        FieldKind::Date => ty == "date",
        FieldKind::Time => ty == "time",
        FieldKind::Datetime => ty == "timestamptz",
        FieldKind::Uuid => ty == "uuid",
        FieldKind::Json | FieldKind::EnumList(_) => matches!(ty, "json" | "jsonb"),
        _ => matches!(ty, "text" | "varchar" | "bpchar"),
    }
}

/// Whether a column of this declared type keeps values of the kind; SQLite looks at parts of the type's name.
fn fits_sqlite(kind: FieldKind, ty: &str) -> bool {
    let ty = ty.to_ascii_uppercase();
    let has = |part: &str| ty.contains(part);
    match kind {
        FieldKind::Integer | FieldKind::Bigint => has("INT"),
        FieldKind::Float | FieldKind::Decimal { .. } => {
            has("REAL") || has("FLOA") || has("DOUB") || has("NUM") || has("DEC")
        }
        FieldKind::Boolean => has("BOOL") || has("INT"),
        FieldKind::Uuid => has("BLOB"),
        _ => has("TEXT") || has("CHAR") || has("CLOB"),
    }
}
