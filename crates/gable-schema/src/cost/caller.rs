//! The cost of authentication, which comes before the cost of an operation.

use crate::schema::{Auth, Schema, Surface, TokenDelivery};

use super::Bound;

/// Statements of a request whose account is not cached. With a warm cache there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Identifying the caller by a credential.
    pub authentication: Bound,
    /// Checking the caller's rights again, in the transaction of a write.
    pub revalidation: Bound,
}

impl Caller {
    pub(super) fn of(schema: &Schema) -> Self {
        match &schema.app.auth {
            Some(auth) => Caller { authentication: Bound::exactly(credentials(auth)), revalidation: Bound::exactly(1) },
            None => Caller { authentication: Bound::ZERO, revalidation: Bound::ZERO },
        }
    }

    pub(super) fn reads(self) -> Bound {
        self.authentication
    }

    pub(super) fn writes(self) -> Bound {
        self.authentication + self.revalidation
    }
}

/// Counts look-ups of credentials: one for a header. Cookies are tried one after another: a token of an expired
/// log-in is looked up twice, to report the reason, and the last use of a valid session may be written.
fn credentials(auth: &Auth) -> u64 {
    let mounts = |surface: Surface| auth.surfaces.contains(&surface);
    let token = mounts(Surface::Jwt) && auth.login.send_access_token_through != TokenDelivery::ResponseOnly;
    let cookies = u64::from(token) * 2 + u64::from(mounts(Surface::Session)) * 2;
    cookies.max(1)
}
