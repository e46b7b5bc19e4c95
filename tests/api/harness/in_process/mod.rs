//! An application in the test's own process, whose interceptors, settings and clock a test chooses.

mod accounts;
mod installation;
mod mails;
mod rows;

use std::ops::Deref;
use std::time::Duration;

use gable::generated::Api;
use gable::testing::TestServer;
use gable::{Clock, Gable};

use super::Client;

pub(crate) use installation::Installation;

/// A running application. Requests through it are anonymous.
pub(crate) struct InProcess {
    pub(crate) clock: Clock,
    client: Client,
    // Declared, and so dropped, before the installation: a database must not disappear under its server.
    server: TestServer,
    installation: Installation,
    /// Starts the same application again, without interceptors.
    serve_again: fn(&Installation) -> TestServer,
}

impl InProcess {
    /// The Gazette without interceptors.
    pub(crate) fn new() -> Self {
        Self::of::<api::Api>()
    }

    /// The Gazette with these interceptors only.
    pub(crate) fn with(install: impl FnOnce(&mut api::Hooks)) -> Self {
        Installation::new().start::<api::Api>(install)
    }

    /// Another application, without interceptors.
    pub(crate) fn of<A: Api>() -> Self {
        Installation::new().start::<A>(|_| {})
    }

    fn start<A: Api>(installation: Installation, install: impl FnOnce(&mut A::Hooks)) -> Self {
        let server = installation.serve(Gable::<A>::new().interceptors(install));
        Self::running(server, installation, |installation| installation.serve(Gable::<A>::new()))
    }

    fn running(server: TestServer, installation: Installation, serve_again: fn(&Installation) -> TestServer) -> Self {
        let client = Client::new(server.url());
        Self { clock: installation.clock.clone(), client, server, installation, serve_again }
    }

    /// A second server of this application, without interceptors, on the same database.
    pub(crate) fn second_server(&self) -> TestServer {
        (self.serve_again)(&self.installation)
    }

    /// Stops the server, advances the clock, and starts the application again without interceptors.
    pub(crate) fn restart_after(self, pause: Duration) -> Self {
        self.restart(|installation| {
            installation.clock.advance(pause);
            installation
        })
    }

    /// Stops the server, changes its installation, and starts the application again without interceptors.
    pub(crate) fn restart(self, change: impl FnOnce(Installation) -> Installation) -> Self {
        let Self { server, installation, serve_again, .. } = self;
        drop(server);
        let installation = change(installation);
        let server = serve_again(&installation);
        Self::running(server, installation, serve_again)
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }
}

impl Deref for InProcess {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
