//! The ledger: a second application, made the way a user makes one.

use std::process::ExitCode;

use gable::Gable;

fn main() -> ExitCode {
    Gable::<api::Api>::new().run()
}
