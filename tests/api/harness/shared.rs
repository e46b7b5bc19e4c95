//! One application for all tests that do not disturb each other, because a start takes longer than most tests.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{App, spawn_app};

/// Weak, so that the application ends with the last test that uses it. A static value would never be dropped.
static SHARED: Mutex<Weak<App>> = Mutex::new(Weak::new());

/// The application that tests share.
pub(crate) fn app() -> SharedApp {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let app = shared.upgrade().unwrap_or_else(|| {
        let app = Arc::new(spawn_app());
        *shared = Arc::downgrade(&app);
        app
    });
    SharedApp { first_line: app.log.len(), app }
}

/// The share of one test in the application.
pub(crate) struct SharedApp {
    app: Arc<App>,
    first_line: usize,
}

impl Deref for SharedApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Drop for SharedApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.app.log.show_trouble(self.first_line);
        }
    }
}
