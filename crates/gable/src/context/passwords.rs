//! Passwords between being read and being stored.

use crate::context::Core;
use crate::error::ApiError;
use crate::model::input::PlainPassword;
use crate::passwords::Origin;

#[derive(Default)]
pub(crate) struct Passwords {
    waiting: Vec<PlainPassword>,
    hashed: Vec<(PlainPassword, String)>,
}

impl Passwords {
    /// A password whose hash is already known; it is not hashed again.
    pub(crate) fn known(password: PlainPassword, hash: String) -> Self {
        Self { waiting: Vec::new(), hashed: vec![(password, hash)] }
    }

    /// Adds a password to those that wait to be hashed.
    pub(crate) fn expect(&mut self, password: PlainPassword) {
        self.waiting.push(password);
    }

    /// Hashes the waiting passwords, one after the other.
    ///
    /// # Errors
    /// 503 when too many passwords of this origin, or of all origins, are already waiting.
    pub(crate) async fn hash_waiting(&mut self, core: &Core, origin: Origin) -> Result<(), ApiError> {
        for password in std::mem::take(&mut self.waiting) {
            let hash = core.hash(origin.clone(), password.clone()).await?;
            self.hashed.push((password, hash));
        }
        Ok(())
    }

    /// The hash of a password. One that an interceptor has set was not hashed in advance, and is hashed now.
    pub(crate) async fn take(
        &mut self,
        core: &Core,
        origin: Origin,
        password: PlainPassword,
    ) -> Result<String, ApiError> {
        match self.hashed.iter().position(|(known, _)| *known == password) {
            // Kept, for a retry of the write.
            Some(known) => Ok(self.hashed[known].1.clone()),
            None => core.hash(origin, password).await,
        }
    }
}
