//! The physical tables of a schema, independent of the database. This is the content of a snapshot.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All tables: those of models, in their order, then join tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    pub tables: Vec<Table>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: ColumnType,
    #[serde(default)]
    pub null: bool,
    /// A constant, as in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The allowed values; empty: any value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ColumnType {
    /// a 64-bit key that the database generates
    Identity,
    Uuid,
    Varchar(u32),
    Text,
    Integer,
    Bigint,
    Double,
    Numeric(u32, u32),
    Boolean,
    Date,
    Time,
    Timestamp,
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    pub columns: Vec<String>,
    #[serde(default)]
    pub unique: bool,
    /// The columns that are compared without regard to the case of ASCII letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
}

/// A foreign key to the `id` of another table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKey {
    pub name: String,
    pub column: String,
    pub table: String,
    pub on_delete: OnDelete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnDelete {
    Cascade,
    Restrict,
    SetNull,
}

impl Tables {
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Two fingerprints are equal exactly if no migration is needed between the tables. The order of tables, columns
    /// and indexes is not included, because a database keeps the order in which they were added. Defaults are not
    /// included either: the server writes them itself, so a new default needs no migration.
    pub fn fingerprint(&self) -> String {
        let mut shape = self.clone();
        shape.tables.iter_mut().for_each(Table::normalize);
        shape.tables.sort_by(|left, right| left.name.cmp(&right.name));
        let text = serde_json::to_string(&shape).expect("plain data always serializes");
        format!("{:016x}", fnv(text.as_bytes()))
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn foreign_key(&self, column: &str) -> Option<&ForeignKey> {
        self.foreign_keys.iter().find(|key| key.column == column)
    }

    fn normalize(&mut self) {
        self.columns.iter_mut().for_each(|column| column.default = None);
        self.columns.sort_by(|left, right| left.name.cmp(&right.name));
        self.indexes.sort_by(|left, right| left.name.cmp(&right.name));
        self.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
    }
}

/// FNV-1a, which is the same on every platform and in every release; `std`'s hasher does not promise that.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
