//! Compares the grants of the YAML with those of the role tables. Pure functions without I/O.

use std::collections::BTreeSet;
use std::fmt;

use super::grant::{Grant, Mark};
use super::tables::Tables;
use crate::context::Core;
use crate::meta::Who;

#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) missing_roles: BTreeSet<String>,
    /// (resource, action)
    pub(crate) missing_permissions: BTreeSet<(String, String)>,
    /// (resource, action) pairs that are no longer in the schema. They grant nothing.
    pub(crate) unknown_permissions: BTreeSet<(String, String)>,
    pub(crate) grants: Vec<(Mark, Grant)>,
}

impl Difference {
    pub(super) fn new(core: &Core, tables: &Tables) -> Self {
        let (roles, grants) = (yaml_roles(core), yaml_grants(core));
        let catalogue = core.catalogue.iter();
        let known: BTreeSet<(String, String)> =
            catalogue.map(|entry| (entry.meta.resource.to_owned(), entry.action.action.to_owned())).collect();
        let stored: BTreeSet<(String, String)> = tables.permissions.keys().cloned().collect();
        let all: BTreeSet<&Grant> = grants.union(&tables.grants).collect();
        let mark = |grant: &Grant| match (grants.contains(grant), tables.grants.contains(grant)) {
            (true, true) => Mark::Both,
            (true, false) => Mark::YamlOnly,
            _ => Mark::TablesOnly,
        };
        Self {
            missing_roles: roles.into_iter().filter(|role| !tables.roles.contains_key(role)).collect(),
            missing_permissions: known.difference(&stored).cloned().collect(),
            unknown_permissions: stored.difference(&known).cloned().collect(),
            grants: all.into_iter().map(|grant| (mark(grant), grant.clone())).collect(),
        }
    }

    pub(crate) fn marked(&self, wanted: Mark) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |(mark, _)| *mark == wanted).map(|(_, grant)| grant)
    }

    /// Whether the YAML and the tables agree.
    pub(crate) fn is_empty(&self) -> bool {
        self.missing_roles.is_empty()
            && self.missing_permissions.is_empty()
            && self.unknown_permissions.is_empty()
            && self.grants.iter().all(|(mark, _)| *mark == Mark::Both)
    }
}

fn yaml_roles(core: &Core) -> BTreeSet<String> {
    let named = yaml_grants(core).into_iter().map(|grant| grant.role);
    named.chain(core.app.auth.as_ref().and_then(|auth| auth.default_role).map(str::to_owned)).collect()
}

fn yaml_grants(core: &Core) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for entry in core.catalogue.iter() {
        for rule in entry.action.rules {
            let Who::Roles(roles) = rule.who else { continue };
            grants.extend(roles.iter().map(|role| Grant {
                role: (*role).to_owned(),
                resource: entry.meta.resource.to_owned(),
                action: entry.action.action.to_owned(),
            }));
        }
    }
    grants
}

/// One line for each entry: `=` is in both, `+` only in the YAML, `-` only in the tables.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.missing_roles.iter().try_for_each(|role| writeln!(f, "+ role {role}"))?;
        let permission =
            |mark: char, (resource, action): &(String, String)| format!("{mark} permission {resource}:{action}\n");
        for (mark, pairs) in [('+', &self.missing_permissions), ('-', &self.unknown_permissions)] {
            pairs.iter().try_for_each(|pair| f.write_str(&permission(mark, pair)))?;
        }
        for (mark, Grant { role, resource, action }) in &self.grants {
            let mark = match mark {
                Mark::Both => '=',
                Mark::YamlOnly => '+',
                Mark::TablesOnly => '-',
            };
            writeln!(f, "{mark} {role} {resource}:{action}")?;
        }
        Ok(())
    }
}
