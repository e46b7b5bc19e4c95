//! The Gazette: the reference application of Gable, a small publishing house. What it serves is described in `schema/`;
//! what it does beyond that stands in `interceptors/`.

use std::process::ExitCode;

use gable::Gable;

mod interceptors;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Gable::<api::Api>::new().interceptors(interceptors::install).run()
}
