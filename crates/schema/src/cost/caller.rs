//! Who asks: what a request costs before anything of it is looked at.

use crate::schema::{Auth, Schema, Surface, TokenDelivery};

use super::Bound;

/// Statements of a request whose sender is not remembered. Warm, there are none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Stage 3.
    pub asks: Bound,
    /// Once more where a transaction was opened: who asks must still be who was let in.
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

/// A header is one look-up. Cookies are tried one after another: a token whose log-in is over is looked up twice, to
/// say why; of a session that holds, it may be written down that it was used.
fn credentials(auth: &Auth) -> u64 {
    let mounts = |surface: Surface| auth.surfaces.contains(&surface);
    let token = mounts(Surface::Jwt) && auth.login.send_access_token_through != TokenDelivery::ResponseOnly;
    let cookies = u64::from(token) * 2 + u64::from(mounts(Surface::Session)) * 2;
    cookies.max(1)
}
