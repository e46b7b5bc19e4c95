//! `Gable`: an application as `main.rs` describes it.

use std::process::ExitCode;

use super::api::Api;
use super::command;
use super::start::Application;
use crate::clock::Clock;

/// An application: the generated API with the registered interceptors. `A` is the type `Api` of the generated crate.
///
/// ```no_run,standalone_crate
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use std::process::ExitCode;
///
/// use api::{CreatePost, Hooks};
/// use gable::{ApiError, Context, Gable};
///
/// fn main() -> ExitCode {
///     Gable::<api::Api>::new().interceptors(install).run()
/// }
///
/// fn install(hooks: &mut Hooks) {
///     hooks.post.before_create_one(trim_title);
/// }
///
/// async fn trim_title(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
///     post.title = post.title.trim().to_owned();
///     Ok(())
/// }
/// ```
///
/// Settings come from `app.yaml`, which is compiled in, and from environment variables, which are read at start.
pub struct Gable<A: Api> {
    hooks: A::Hooks,
    clock: Clock,
}

impl<A: Api> Default for Gable<A> {
    fn default() -> Self {
        Self { hooks: A::Hooks::default(), clock: Clock::default() }
    }
}

impl<A: Api> Gable<A> {
    /// Creates an application without interceptors, with the clock of the system.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers interceptors. May be called more than once; interceptors of one operation run in the order of their
    /// registration.
    #[must_use]
    pub fn interceptors(mut self, install: impl FnOnce(&mut A::Hooks)) -> Self {
        install(&mut self.hooks);
        self
    }

    /// Replaces the clock of the system, for tests that depend on time.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Executes the command line of the process, and serves requests if it has no arguments. Returns when the command
    /// has ended, or when a signal has stopped the server.
    ///
    /// Errors are printed to standard error, all at once if there are several, and make the exit code a failure.
    pub fn run(self) -> ExitCode {
        command::run(self.into_application())
    }

    pub(crate) fn into_application(self) -> Application {
        let Self { hooks, clock } = self;
        let mounted = A::mount(hooks);
        Application {
            app: A::APP,
            migrations: A::MIGRATIONS,
            tables: A::TABLES,
            mail_templates: A::MAIL_TEMPLATES,
            mounted,
            clock,
            mailbox: None,
        }
    }
}
