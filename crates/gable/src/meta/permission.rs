//! Permissions as bits.

use serde::Serialize;

/// One (resource, action) pair of the schema. Its number is its place in the generated catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Permission(u16);

impl Permission {
    /// Called by generated constants only: `permission::POST_PUBLISH`.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// A set of permissions, as a bit set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PermissionSet {
    words: Box<[u64]>,
}

impl PermissionSet {
    /// An empty set with room for this many permissions.
    pub fn empty(permissions: usize) -> Self {
        Self { words: vec![0; permissions.div_ceil(64)].into() }
    }

    pub fn contains(&self, permission: Permission) -> bool {
        let number = permission.number();
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub fn insert(&mut self, permission: Permission) {
        let number = permission.number();
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Adds everything that the other set holds.
    pub fn union(&mut self, other: &PermissionSet) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Removes everything that the other set holds.
    pub fn subtract(&mut self, other: &PermissionSet) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Whether the other set holds every permission of this one.
    pub fn is_subset_of(&self, other: &PermissionSet) -> bool {
        self.words.iter().zip(&other.words).all(|(mine, theirs)| mine & !theirs == 0)
    }
}

/// Fields of one model, by position; the checker allows at most 200.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldSet([u64; 4]);

impl FieldSet {
    pub(crate) const NONE: Self = Self([0; 4]);

    pub fn contains(&self, field: usize) -> bool {
        self.0.get(field / 64).is_some_and(|word| word >> (field % 64) & 1 == 1)
    }

    pub fn insert(&mut self, field: usize) {
        if let Some(word) = self.0.get_mut(field / 64) {
            *word |= 1 << (field % 64);
        }
    }

    pub fn remove(&mut self, field: usize) {
        if let Some(word) = self.0.get_mut(field / 64) {
            *word &= !(1 << (field % 64));
        }
    }

    /// The fields that the other set does not hold.
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
