//! Determines which fields of a model a caller may read and write. The masks are computed once at start.

use super::Principal;
use crate::meta::{FieldKind, FieldMeta, FieldSet, ModelKind, ModelMeta, Origin};

/// The masks of one model, before the roles of the caller are considered.
#[derive(Clone, Debug)]
pub(crate) struct FieldMasks {
    readable: FieldSet,
    writable: FieldSet,
    /// The fields that the owner of an account may set: all writable fields but its roles and those that the runtime
    /// adds to every account.
    own: FieldSet,
    /// Positions of the fields whose `access` lists roles for reading or writing.
    gated: Vec<usize>,
    /// Fields of an account that grant it rights: only a super user may set them.
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

    /// The fields of their own account that this caller may set.
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

/// Whether the field makes an account a super user or, in static mode, gives it a role.
fn is_power(field: &FieldMeta) -> bool {
    (field.origin == Origin::Account && field.name == "isSuperUser") || is_role(field)
}

/// Whether the field is the `role` or `roles` of an account in static mode.
fn is_role(field: &FieldMeta) -> bool {
    let listed = matches!(field.kind, FieldKind::Enum(_) | FieldKind::EnumList(_));
    listed && matches!(field.name, "role" | "roles")
}

/// Whether a body may set the field. Private fields are not writable, except for a password, which is never readable.
fn is_writable(field: &FieldMeta) -> bool {
    let by_people = matches!(field.origin, Origin::Declared | Origin::ForeignKey | Origin::Account);
    by_people && !field.read_only && (!field.private || field.kind == FieldKind::Password)
}
