//! SQL names: in PostgreSQL, tables and indexes share one namespace.

use std::collections::HashSet;

use crate::diagnostic::{Problem, Sink};
use crate::names;
use crate::schema::{Relation, RelationKind};

use super::CheckContext;

/// All names in use.
pub(crate) struct SqlNames {
    taken: HashSet<String>,
}

impl SqlNames {
    /// Registers the tables of all models and the join tables of all `manyToMany` relations.
    pub(crate) fn of_tables(context: &CheckContext<'_, '_>, relations: &[Vec<Relation>], sink: &mut Sink) -> Self {
        let mut taken = HashSet::new();
        for draft in context.drafts {
            let table = names::table(&draft.name.value);
            // Names of the index and the sequence that PostgreSQL creates itself.
            taken.extend([format!("{table}_pkey"), format!("{table}_id_seq")]);
            taken.insert(table);
        }
        for (draft, relations) in context.drafts.iter().zip(relations) {
            for relation in relations {
                let Some(table) = generated_table(relation) else {
                    continue;
                };
                if context.drafts.iter().any(|draft| names::table(&draft.name.value) == table) {
                    let declared = draft.relations.iter().find(|declared| declared.name.value == relation.name);
                    let span = declared.map_or(draft.name.span, |declared| declared.name.span);
                    let message = format!("relation `{}` would have the join table `{table}`", relation.name);
                    let problem = Problem::new("name-clash", span, message).label("already the table of a model");
                    sink.push(problem.help("add `through:` with that model, or rename the relation"));
                }
                taken.extend([format!("{table}_pkey"), table.to_owned()]);
            }
        }
        SqlNames { taken }
    }

    /// Returns a unique index name of at most 63 bytes: `idx_posts_status_published_at`.
    pub(crate) fn index(&mut self, prefix: &str, table: &str, columns: &[&str]) -> String {
        let plain = format!("{prefix}_{table}_{}", columns.join("_"));
        let mut name = names::shortened(plain.clone());
        let mut key = format!("{prefix}_{table}({})", columns.join(","));
        // Different lists of columns may produce the same name; the commas make the hashed texts differ.
        while !self.taken.insert(name.clone()) {
            name = names::with_hash(&plain, &key);
            key.push('+');
        }
        name
    }
}

fn generated_table(relation: &Relation) -> Option<&str> {
    match &relation.kind {
        RelationKind::ManyToMany { table, through: None, .. } => Some(table),
        _ => None,
    }
}
