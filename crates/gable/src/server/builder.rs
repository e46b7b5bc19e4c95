//! `Gable`: an application as `main.rs` describes it.

use std::process::ExitCode;

use super::api::Api;
use super::command;
use super::start::Application;
use crate::clock::Clock;

/// An application: the generated API with the registered interceptors.
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
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers interceptors; may be called more than once.
    #[must_use]
    pub fn interceptors(mut self, install: impl FnOnce(&mut A::Hooks)) -> Self {
        install(&mut self.hooks);
        self
    }

    /// Replaces the system's clock, for tests that depend on time.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Executes the command line; serves if there are no arguments. Errors are printed, all at once if there are
    /// several.
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
