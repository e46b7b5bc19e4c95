//! Permissions as bits.

use serde::Serialize;

/// One pair of a resource and an action, such as "publish posts". The generated crate has a constant for each:
/// `permission::POST_PUBLISH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Permission(u16);

impl Permission {
    /// Creates a permission from its number in the generated catalogue. For generated constants only.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Returns its number in the generated catalogue.
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// A set of permissions, stored as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PermissionSet {
    words: Box<[u64]>,
}

impl PermissionSet {
    /// Creates an empty set for permissions whose numbers are below `permissions`.
    pub fn empty(permissions: usize) -> Self {
        Self { words: vec![0; permissions.div_ceil(64)].into() }
    }

    /// Returns whether the set has the permission.
    pub fn contains(&self, permission: Permission) -> bool {
        let number = permission.number();
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds a permission. Does nothing if its number is too large for the set.
    pub fn insert(&mut self, permission: Permission) {
        let number = permission.number();
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Adds all permissions of the other set.
    pub fn union(&mut self, other: &PermissionSet) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Removes all permissions of the other set.
    pub fn subtract(&mut self, other: &PermissionSet) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Returns whether the other set has every permission of this one.
    pub fn is_subset_of(&self, other: &PermissionSet) -> bool {
        self.words.iter().zip(&other.words).all(|(mine, theirs)| mine & !theirs == 0)
    }
}

/// Fields of one model, by their positions in [`ModelMeta::fields`](super::ModelMeta::fields). A model has at most 200
/// fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldSet([u64; 4]);

impl FieldSet {
    pub(crate) const NONE: Self = Self([0; 4]);

    /// Returns whether the set has the field.
    pub fn contains(&self, field: usize) -> bool {
        self.0.get(field / 64).is_some_and(|word| word >> (field % 64) & 1 == 1)
    }

    /// Adds a field.
    pub fn insert(&mut self, field: usize) {
        if let Some(word) = self.0.get_mut(field / 64) {
            *word |= 1 << (field % 64);
        }
    }

    /// Removes a field.
    pub fn remove(&mut self, field: usize) {
        if let Some(word) = self.0.get_mut(field / 64) {
            *word &= !(1 << (field % 64));
        }
    }

    /// Returns the fields that the other set does not have.
    #[must_use]
    pub fn without(&self, other: &FieldSet) -> FieldSet {
        FieldSet(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }
}

impl FromIterator<usize> for FieldSet {
    fn from_iter<I: IntoIterator<Item = usize>>(fields: I) -> Self {
        let mut set = FieldSet::default();
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}
