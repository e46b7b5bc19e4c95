//! SQL that reads the first rows of each of several keys in one statement, from a table that it names `t1`.

use sea_orm::Value;

use super::{Dialect, Statement, array};
use crate::meta::IdKind;

/// The order in which a join looks up its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupOrder {
    /// Of the rows before the join, one after another.
    Kept,
    /// Chosen by PostgreSQL; SQLite keeps that of the rows before the join.
    Planned,
}

impl Statement {
    /// ` FROM …`: the first rows of each key, as `t1`. `first` writes a ` FROM … ORDER BY … LIMIT …` that selects them
    /// with `push_current_key`. SQLite has no LATERAL, but its `json_each` may refer to the tables before it: it lists
    /// the `_rowid_` of each row, by which the rows are then looked up.
    pub(crate) fn push_first_rows<K: Into<Value> + Into<serde_json::Value>>(
        &mut self,
        keys: impl Iterator<Item = K>,
        table: &str,
        columns: impl FnOnce(&mut Self),
        first: impl FnOnce(&mut Self),
    ) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => {
                self.push(" FROM json_each(").bind(json(keys)).push(") p CROSS JOIN json_each((");
                self.push("SELECT json_group_array(\"place\") FROM (SELECT t1._rowid_ AS \"place\"");
                first(self);
                self.push("))) f CROSS JOIN ").identifier(table).push(" t1 ON t1._rowid_ = f.value")
            }
            Dialect::Postgres => {
                self.push(" FROM unnest(").bind(array(keys)).push(") p(\"id\") CROSS JOIN LATERAL (SELECT ");
                columns(self);
                first(self);
                self.push(") t1")
            }
        }
    }

    /// The key whose first rows are read.
    pub(crate) fn push_current_key(&mut self, kind: IdKind) -> &mut Self {
        self.push(match (self.dialect, kind) {
            (Dialect::Postgres, _) => "p.\"id\"",
            (Dialect::Sqlite, IdKind::Uuid) => "unhex(p.value, '-')",
            (Dialect::Sqlite, IdKind::Integer) => "p.value",
        })
    }

    /// ` JOIN …` with the rows of a table that meet a condition, as `t1`. A planner may consider it cheaper to scan that
    /// table. SQLite keeps the order of a CROSS JOIN. PostgreSQL cannot reorder across an OFFSET.
    pub(crate) fn push_lookup(
        &mut self,
        order: LookupOrder,
        table: &str,
        condition: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let (join, on, end) = match (self.dialect, order) {
            (Dialect::Postgres, LookupOrder::Kept) => {
                (" CROSS JOIN LATERAL (SELECT * FROM ", " WHERE ", " OFFSET 0) t1")
            }
            (Dialect::Postgres, LookupOrder::Planned) => (" JOIN ", " ON ", ""),
            (Dialect::Sqlite, _) => (" CROSS JOIN ", " ON ", ""),
        };
        condition(self.push(join).identifier(table).push(" t1").push(on));
        self.push(end)
    }
}

fn json<K: Into<serde_json::Value>>(keys: impl Iterator<Item = K>) -> String {
    serde_json::Value::from_iter(keys.map(Into::<serde_json::Value>::into)).to_string()
}
