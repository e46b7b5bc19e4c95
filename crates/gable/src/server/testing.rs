//! An application inside a test: in the same process, on a port of its own, with a clock that the test can advance.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use actix_web::dev::ServerHandle;

use super::Gable;
use super::serve::{Listening, listen};
use super::start::Application;
use crate::mail::Mailbox;
pub use crate::mail::ReceivedMail;
use crate::server::api::Api;
use crate::settings::Settings;
use crate::stopping::Stopping;

/// A running application; dropping it stops it.
///
/// ```no_run,standalone_crate
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use std::time::Duration;
///
/// use gable::testing::TestServer;
/// use gable::{Clock, Gable};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = Clock::default();
/// let app = Gable::<api::Api>::new().clock(clock.clone());
/// let directory = tempfile::tempdir()?;
/// let database = format!("sqlite://{}/test.db", directory.path().display());
/// let server = TestServer::start(app, directory.path(), &[("DATABASE_URL", &database)])?;
///
/// // Send requests to `server.url()` with any HTTP client.
/// assert!(server.url().starts_with("http://127.0.0.1:"));
///
/// // Lets a lockout of 15 minutes end without waiting.
/// clock.advance(Duration::from_secs(15 * 60));
/// # Ok(())
/// # }
/// ```
pub struct TestServer {
    address: SocketAddr,
    mailbox: Mailbox,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// Maximum time that a test waits for a mail; only a failing test waits that long.
const MAIL_TIMEOUT: Duration = Duration::from_secs(60);

type Started = Result<(SocketAddr, ServerHandle), String>;

impl TestServer {
    /// Starts an application on a free port of 127.0.0.1, and returns when it accepts connections.
    ///
    /// `directory` holds its files. `variables` are its whole environment: the variables of the process are not read.
    /// Mail stays in memory, unless `variables` contain `SMTP_URL` or `GABLE_MAIL_DIR`.
    ///
    /// # Errors
    /// The reason why it did not start, as the command line would print it.
    pub fn start<A: Api>(app: Gable<A>, directory: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut list: Vec<(String, String)> = vec![("PORT".to_owned(), "0".to_owned())];
        list.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut app = app.into_application();
        let mailbox = Mailbox::default();
        let elsewhere = variables.iter().any(|(name, _)| ["SMTP_URL", "GABLE_MAIL_DIR"].contains(name));
        app.mailbox = (!elsewhere).then(|| mailbox.clone());
        let settings = Settings::from_list(A::APP, &list, directory).map_err(|error| error.to_string())?;
        let (started, news) = channel();
        let thread = spawn(move || actix_web::rt::System::new().block_on(run(app, settings, started)));
        let (address, handle) = news.recv().map_err(|_| "the application ended while it started".to_owned())??;
        Ok(Self { address, mailbox, handle, thread: Some(thread) })
    }

    /// Returns the base URL, to which tests append paths: `http://127.0.0.1:49152`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the mails sent so far, oldest first. A mail is sent shortly after the response to the request that
    /// causes it; [`wait_for_mails`](Self::wait_for_mails) waits for it.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.mailbox.mails()
    }

    /// Waits until the application has sent at least this many mails, and returns all of them, oldest first.
    ///
    /// # Panics
    /// If fewer mails were sent within a minute.
    pub fn wait_for_mails(&self, count: usize) -> Vec<ReceivedMail> {
        let mails = self.mailbox.wait_for(count, MAIL_TIMEOUT);
        assert!(mails.len() >= count, "{} of {count} mails came", mails.len());
        mails
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Only sends the stop command; its completion shows in the end of the thread.
        drop(self.handle.stop(true));
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed.
            let _ = thread.join();
        }
    }
}

async fn run(app: Application, settings: Settings, started: Sender<Started>) {
    let application = app.start(settings).await;
    let listening =
        application.and_then(|application| listen(application, Stopping::default())).map_err(|error| error.to_string());
    let Listening { core, server, addresses, mail, .. } = match listening {
        Ok(listening) => listening,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let first = addresses.first().copied().ok_or_else(|| "no address was bound".to_owned());
    let _ = started.send(first.map(|address| (address, server.handle())));
    if let Err(error) = server.await {
        tracing::error!(%error, "the server failed");
    }
    mail.stop().await;
    core.db.close().await;
}
