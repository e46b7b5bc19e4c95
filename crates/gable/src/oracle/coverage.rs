//! Counts the cases that the requests cover, by kind of caller: if all callers see the same rows, nothing is compared.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::caller::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    /// Found some rows and not all.
    SomeRows,
    /// Used a name that is hidden from editors as well.
    Hidden,
    /// Used a name that is hidden from the caller, but not from editors.
    Withheld,
    /// Requested a model that is refused to the caller.
    Refused,
    /// Found other rows than an anonymous caller would.
    LogIn,
    /// Found other rows than without the role.
    Role,
    /// Found other rows than another account of the same role.
    Account,
}

/// The least number of requests that must cover a case, by kind of caller.
const LEAST: [(&str, Case, u32); 18] = [
    ("Anonymous", Case::SomeRows, 70),
    ("Anonymous", Case::Hidden, 15),
    ("Anonymous", Case::Withheld, 30),
    ("Anonymous", Case::Refused, 10),
    ("Account", Case::SomeRows, 50),
    ("Account", Case::Hidden, 10),
    ("Account", Case::Withheld, 20),
    ("Account", Case::Refused, 3),
    ("Account", Case::LogIn, 30),
    ("Account", Case::Account, 20),
    ("Member", Case::SomeRows, 90),
    ("Member", Case::Hidden, 20),
    ("Member", Case::Withheld, 10),
    ("Member", Case::Role, 60),
    ("Member", Case::Account, 40),
    ("Editor", Case::SomeRows, 80),
    ("Editor", Case::Hidden, 20),
    ("Editor", Case::Role, 90),
];

#[derive(Default)]
pub(super) struct Coverage(RefCell<BTreeMap<(&'static str, Case), u32>>);

impl Coverage {
    pub(super) fn note(&self, caller: &Caller, case: Case) {
        *self.0.borrow_mut().entry((caller.name(), case)).or_default() += 1;
    }

    /// # Panics
    /// If too few requests covered a case.
    pub(super) fn check(&self) {
        let counts = self.0.borrow();
        for (caller, case, least) in LEAST {
            let often = counts.get(&(caller, case)).copied().unwrap_or(0);
            assert!(often >= least, "{caller} {case:?}: only {often} of {least} requests; of all, {counts:#?}");
        }
    }
}
