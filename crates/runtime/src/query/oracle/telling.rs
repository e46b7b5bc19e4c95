//! What the requests told, over all schemas and by who asked: where all callers see the same, nothing is compared.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::caller::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    /// Kept some rows and not all.
    SomeRows,
    /// Led to what is hidden, also from editors.
    Hidden,
    /// Led to what an editor sees, and who asked does not.
    Withheld,
    /// Asked for a model that is refused.
    Refused,
    /// Found other rows than a stranger would.
    LogIn,
    /// Found other rows than without the role.
    Role,
    /// Found other rows than another account of the same role.
    Account,
}

/// Of each kind of caller, how many requests tell this at least.
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
    /// Where too few requests told something.
    pub(super) fn check(&self) {
        let told = self.0.borrow();
        for (caller, tells, least) in LEAST {
            let often = told.get(&(caller, tells)).copied().unwrap_or(0);
            assert!(often >= least, "{caller} {tells:?}: only {often} of {least} requests; of all, {told:#?}");
        }
    }
}
