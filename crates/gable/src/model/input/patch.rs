//! `Patch<T>`: the value of one field in a PATCH.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use validator::{AsRegex, ValidateEmail, ValidateLength, ValidateRange, ValidateRegex, ValidateUrl};

/// The value of one field in an update: `Absent` leaves the column unchanged, `Null` clears it, `Value` replaces it.
///
/// For a field that is not optional, a body with null is refused, so an interceptor never receives `Null` there.
///
/// ```
/// use gable::Patch;
///
/// let mut bio = Patch::from("  Writes about engines.".to_owned());
/// if let Some(bio) = bio.value_mut() {
///     *bio = bio.trim().to_owned();
/// }
/// assert_eq!(bio, Patch::Value("Writes about engines.".to_owned()));
/// assert!(Patch::<String>::default().is_absent());
/// assert_eq!(Patch::<String>::Null.value(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leaves the column unchanged. The default.
    #[default]
    Absent,
    /// Clears the column.
    Null,
    /// Replaces the value of the column.
    Value(T),
}

impl<T> Patch<T> {
    /// Returns whether the column is left unchanged.
    pub fn is_absent(&self) -> bool {
        matches!(self, Patch::Absent)
    }

    /// Returns the new value; `None` for `Absent` and `Null`.
    pub fn value(&self) -> Option<&T> {
        match self {
            Patch::Value(value) => Some(value),
            Patch::Absent | Patch::Null => None,
        }
    }

    /// Returns the new value, to be changed; `None` for `Absent` and `Null`.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Patch::Value(value) => Some(value),
            Patch::Absent | Patch::Null => None,
        }
    }
}

/// Required by the derive of `Validate`, which puts the refused value into its error.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Patch::Value(value)
    }
}

impl<T: ValidateLength<u64>> ValidateLength<u64> for Patch<T> {
    fn length(&self) -> Option<u64> {
        self.value().and_then(ValidateLength::length)
    }
}

impl<T: ValidateRange<U>, U> ValidateRange<U> for Patch<T> {
    fn greater_than(&self, max: U) -> Option<bool> {
        self.value().and_then(|value| value.greater_than(max))
    }

    fn less_than(&self, min: U) -> Option<bool> {
        self.value().and_then(|value| value.less_than(min))
    }
}

impl<T: ValidateRegex> ValidateRegex for Patch<T> {
    fn validate_regex(&self, regex: impl AsRegex) -> bool {
        self.value().is_none_or(|value| value.validate_regex(regex))
    }
}

impl<T: ValidateEmail> ValidateEmail for Patch<T> {
    fn as_email_string(&self) -> Option<Cow<'_, str>> {
        self.value().and_then(ValidateEmail::as_email_string)
    }
}

impl<T: ValidateUrl> ValidateUrl for Patch<T> {
    fn as_url_string(&self) -> Option<Cow<'_, str>> {
        self.value().and_then(ValidateUrl::as_url_string)
    }
}
