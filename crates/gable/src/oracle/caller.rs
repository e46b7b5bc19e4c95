//! Random callers: anonymous ones, and accounts with one role or none.

use std::sync::Arc;

use super::choices::Choices;
use super::coverage::Case;
use super::schema::{EDITOR, MEMBER, Reader};
use super::value::Value;
use super::world::World;
use crate::access::{AccessTable, Identity, Principal};
use crate::context::Core;
use crate::meta::Who;
use crate::model::Id;

#[derive(Clone, Debug)]
pub(super) enum Caller {
    Anonymous,
    Account { id: Value, role: Option<&'static str> },
}

impl Caller {
    pub(super) fn random(world: &World, choices: &mut Choices<'_>) -> Self {
        let role = match choices.below(10) {
            0..=2 => return Caller::Anonymous,
            3..=4 => None,
            5..=7 => Some(MEMBER),
            _ => Some(EDITOR),
        };
        Caller::Account { id: choices.among(&world.owners()).clone(), role }
    }

    /// The caller that sees most.
    pub(super) fn editor(world: &World) -> Self {
        Caller::Account { id: world.owners()[0].clone(), role: Some(EDITOR) }
    }

    /// Callers who differ from this one in one respect, and the case that is covered if they find other rows.
    pub(super) fn others(&self, world: &World) -> Vec<(Case, Self)> {
        let Caller::Account { id, role } = self else { return Vec::new() };
        let other = world.owners().into_iter().find(|owner| *owner != id).expect("several");
        vec![
            (Case::LogIn, Caller::Anonymous),
            (Case::Account, Caller::Account { id: other.clone(), role: *role }),
            (Case::Role, Caller::Account { id: id.clone(), role: None }),
        ]
    }

    /// The kind of caller: anonymous, an account, or the name of its role.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Caller::Anonymous => "Anonymous",
            Caller::Account { role, .. } => role.unwrap_or("Account"),
        }
    }

    pub(super) fn account(&self) -> Option<&Value> {
        match self {
            Caller::Anonymous => None,
            Caller::Account { id, .. } => Some(id),
        }
    }

    fn has_role(&self, all: &[&str]) -> bool {
        matches!(self, Caller::Account { role: Some(role), .. } if all.contains(role))
    }

    /// Whether a rule for these callers applies to this one.
    pub(super) fn is_one(&self, who: Who) -> bool {
        match who {
            Who::Public => true,
            Who::Authenticated => self.account().is_some(),
            Who::Roles(roles) => self.has_role(roles),
        }
    }

    pub(super) fn reads(&self, reader: Reader) -> bool {
        match reader {
            Reader::Everybody => true,
            Reader::Roles(roles) => self.has_role(roles),
            Reader::Nobody => false,
        }
    }

    /// The principal in the runtime. Its role holds the permissions that the rules grant.
    pub(super) fn principal(&self, core: &Core) -> Principal {
        let Caller::Account { id, role } = self else { return Principal::Anonymous };
        let account = match id {
            Value::Whole(id) => Id::Integer(*id),
            Value::Uuid(id) => Id::Uuid(*id),
            _ => unreachable!("an id"),
        };
        let (table, permissions) = (AccessTable::from_catalogue(&core.catalogue), core.catalogue.len());
        let roles = role.iter().map(|role| table.named((*role).to_owned(), permissions)).collect();
        Principal::Account(Arc::new(Identity::with_roles(account, roles, permissions)))
    }
}
