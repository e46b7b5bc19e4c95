//! Interceptors that record that they ran, and fail where a test wants them to.

use std::sync::{Arc, Mutex, PoisonError};

use gable::{ApiError, Context, Hook};

/// The record of the interceptors of one application.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    ran: Vec<&'static str>,
    failing: Option<(&'static str, &'static str)>,
}

impl Journal {
    /// An interceptor that records its name when it runs.
    pub(crate) fn at<T: 'static>(&self, name: &'static str) -> impl Hook<T> + use<T> {
        let journal = self.clone();
        async move |_: &mut Context<'_>, _: &mut T| -> Result<(), ApiError> { journal.record(name) }
    }

    fn record(&self, name: &'static str) -> Result<(), ApiError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.ran.push(name);
        match entries.failing {
            Some((failing, code)) if failing == name => Err(ApiError::conflict(code, "An interceptor objects")),
            _ => Ok(()),
        }
    }

    /// Makes this interceptor, and no other one, fail from now on, with its own name as the error code.
    pub(crate) fn fail(&self, name: &'static str) {
        self.fail_with(name, name);
    }

    /// Like `fail`, with another error code.
    pub(crate) fn fail_with(&self, name: &'static str, code: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failing = Some((name, code));
    }

    /// Makes no interceptor fail any longer.
    pub(crate) fn succeed(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failing = None;
    }

    /// The interceptors that ran since the last call.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).ran)
    }
}

/// Installs an interceptor of the journal under each of these names.
macro_rules! record {
    ($journal:expr, $auth:expr, [$($name:ident),* $(,)?]) => {
        $($auth.$name($journal.at(stringify!($name)));)*
    };
}

pub(crate) use record;
