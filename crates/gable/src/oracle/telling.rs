//! Counts the cases that the requests cover, by kind of caller: if all callers see the same rows, nothing is compared.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::caller::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
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
const LEAST: [(&str, Tells, u32); 18] = [
    ("Stranger", Tells::SomeRows, 70),
    ("Stranger", Tells::Hidden, 15),
    ("Stranger", Tells::Withheld, 30),
    ("Stranger", Tells::Refused, 10),
    ("Account", Tells::SomeRows, 50),
    ("Account", Tells::Hidden, 10),
    ("Account", Tells::Withheld, 20),
    ("Account", Tells::Refused, 3),
    ("Account", Tells::LogIn, 30),
    ("Account", Tells::Account, 20),
    ("Member", Tells::SomeRows, 90),
    ("Member", Tells::Hidden, 20),
    ("Member", Tells::Withheld, 10),
    ("Member", Tells::Role, 60),
    ("Member", Tells::Account, 40),
    ("Editor", Tells::SomeRows, 80),
    ("Editor", Tells::Hidden, 20),
    ("Editor", Tells::Role, 90),
];

#[derive(Default)]
pub(super) struct Telling(RefCell<BTreeMap<(&'static str, Tells), u32>>);

impl Telling {
    pub(super) fn note(&self, caller: &Caller, tells: Tells) {
        *self.0.borrow_mut().entry((caller.name(), tells)).or_default() += 1;
    }

    /// # Panics
    /// If too few requests covered a case.
    pub(super) fn check(&self) {
        let told = self.0.borrow();
        for (caller, tells, least) in LEAST {
            let often = told.get(&(caller, tells)).copied().unwrap_or(0);
            assert!(often >= least, "{caller} {tells:?}: only {often} of {least} requests; of all, {told:#?}");
        }
    }
}
