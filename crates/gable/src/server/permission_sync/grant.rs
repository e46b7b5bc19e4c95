//! Grants of permissions to roles, and how they are compared.

/// The permission of a role to perform an action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) role: String,
    pub(crate) resource: String,
    pub(crate) action: String,
}

/// Where a grant is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Both,
    YamlOnly,
    TablesOnly,
}

/// Whether synchronizing also removes grants that the YAML does not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prune {
    Yes,
    No,
}
