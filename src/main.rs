//! The Gazette: the reference application of Gable, a small publishing house. `schema/` describes its API,
//! `interceptors/` the behaviour beyond that.

use std::process::ExitCode;

use gable::Gable;

mod interceptors;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Gable::<api::Api>::new().interceptors(interceptors::install).run()
}
