//! Which fields of a model may be read and written at all, worked out once at start.

use super::{FieldSet, Principal};
use crate::resource::{FieldKind, FieldMeta, ModelKind, ModelMeta, Origin};

/// The masks of one model before anybody's roles are looked at.
#[derive(Clone, Debug)]
pub(crate) struct FieldMasks {
    readable: FieldSet,
    writable: FieldSet,
    /// What a person may say of their own account: nothing that the account receives without being written.
    own: FieldSet,
    /// Fields that name roles of their own.
    gated: Vec<usize>,
    /// Fields of an account that give it power: only a super user sets them.
    powers: FieldSet,
}

impl FieldMasks {
    pub(crate) fn new(meta: &ModelMeta) -> Self {
        let positions = |keep: fn(&FieldMeta) -> bool| -> FieldSet {
            meta.fields.iter().enumerate().filter(|(_, field)| keep(field)).map(|(position, _)| position).collect()
        };
        let gated = |field: &FieldMeta| field.read_roles.is_some() || field.write_roles.is_some();
        Self {
            readable: positions(|field| !field.private && field.kind != FieldKind::Password),
            writable: positions(is_writable),
            own: positions(|field| is_writable(field) && field.origin != Origin::Account && !is_role(field)),
            gated: meta
                .fields
                .iter()
                .enumerate()
                .filter(|(_, field)| gated(field))
                .map(|(position, _)| position)
                .collect(),
            powers: if meta.kind == ModelKind::Account { positions(is_power) } else { FieldSet::default() },
        }
    }

    /// The fields that this caller may read.
    pub(crate) fn read(&self, meta: &ModelMeta, principal: &Principal) -> FieldSet {
        self.without_gated(self.readable, meta, principal, |field| field.read_roles)
    }

    /// The fields that this caller may set.
    pub(crate) fn write(&self, meta: &ModelMeta, principal: &Principal) -> FieldSet {
        let mask = self.without_gated(self.writable, meta, principal, |field| field.write_roles);
        if principal.is_super_user() { mask } else { mask.without(&self.powers) }
    }

    /// The fields that this caller may set of their own account.
    pub(crate) fn own(&self, meta: &ModelMeta, principal: &Principal) -> FieldSet {
        self.without_gated(self.own, meta, principal, |field| field.write_roles)
    }

    fn without_gated(
        &self,
        mut mask: FieldSet,
        meta: &ModelMeta,
        principal: &Principal,
        roles: impl Fn(&FieldMeta) -> Option<&'static [&'static str]>,
    ) -> FieldSet {
        if principal.is_super_user() {
            return mask;
        }
        for field in &self.gated {
            let Some(wanted) = roles(&meta.fields[*field]) else { continue };
            let has = |identity: &super::Identity| wanted.iter().any(|role| identity.has_role(role));
            if !principal.identity().is_some_and(has) {
                mask.remove(*field);
            }
        }
        mask
    }
}

/// What makes a super user, or in static mode gives a role.
fn is_power(field: &FieldMeta) -> bool {
    (field.origin == Origin::Account && field.name == "isSuperUser") || is_role(field)
}

/// The `role` or `roles` of an account in static mode.
fn is_role(field: &FieldMeta) -> bool {
    let listed = matches!(field.kind, FieldKind::Enum(_) | FieldKind::EnumList(_));
    listed && matches!(field.name, "role" | "roles")
}

/// Private fields never come from outside; a password is the one that does, and never goes out again.
fn is_writable(field: &FieldMeta) -> bool {
    let by_people = matches!(field.origin, Origin::Declared | Origin::ForeignKey | Origin::Account);
    by_people && !field.read_only && (!field.private || field.kind == FieldKind::Password)
}
