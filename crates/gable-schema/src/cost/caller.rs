//! The cost of authentication, which comes before the cost of an operation.

use crate::schema::{Auth, Schema, Surface, TokenDelivery};

use super::Bound;

/// Statements of a request whose account is not cached. With a warm cache there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Stage 3.
    pub asks: Bound,
    /// Revalidation of the caller after a transaction was opened.
    pub still_asks: Bound,
}

impl Caller {
    pub(super) fn of(schema: &Schema) -> Self {
        match &schema.app.auth {
            Some(auth) => Caller { asks: Bound::exactly(credentials(auth)), still_asks: Bound::exactly(1) },
            None => Caller { asks: Bound::NOTHING, still_asks: Bound::NOTHING },
        }
    }

    pub(super) fn reads(self) -> Bound {
        self.asks
    }

    pub(super) fn writes(self) -> Bound {
        self.asks + self.still_asks
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
