//! Passwords between being read and being stored.

use crate::auth::Origin;
use crate::core::Core;
use crate::http::ApiError;
use crate::input::PlainPassword;

#[derive(Default)]
pub(crate) struct Passwords {
    waiting: Vec<PlainPassword>,
    hashed: Vec<(PlainPassword, String)>,
}

impl Passwords {
    /// A password whose hash is known already, and which is not hashed again.
    pub(crate) fn known(password: PlainPassword, hash: String) -> Self {
        Self { waiting: Vec::new(), hashed: vec![(password, hash)] }
    }

    /// Notes a password that will be stored.
    pub(crate) fn expect(&mut self, password: PlainPassword) {
        self.waiting.push(password);
    }

    /// Hashes what waits, one after the other.
    ///
    /// # Errors
    /// 503 when too many passwords of this origin, or of all, wait already.
    pub(crate) async fn hash_waiting(&mut self, core: &Core, origin: Origin) -> Result<(), ApiError> {
        for password in std::mem::take(&mut self.waiting) {
            let hash = core.hash(origin.clone(), password.clone()).await?;
            self.hashed.push((password, hash));
        }
        Ok(())
    }

    /// The hash of a password; one that an interceptor has set was not foreseen, and is hashed now.
    pub(crate) async fn take(
        &mut self,
        core: &Core,
        origin: Origin,
        password: PlainPassword,
    ) -> Result<String, ApiError> {
        match self.hashed.iter().position(|(known, _)| *known == password) {
            // It stays, for a write that is tried again.
            Some(known) => Ok(self.hashed[known].1.clone()),
            None => core.hash(origin, password).await,
        }
    }
}
