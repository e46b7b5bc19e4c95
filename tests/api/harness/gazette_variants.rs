//! The Gazette as it would be with other settings of its accounts in `app.yaml`.

use gable::generated::{
    Api, AppMeta, AuthMeta, EmailVerificationMeta, Migration, Mounted, Surface, TokenPairMeta, VerificationMethod,
};

const AUTH: &AuthMeta = match &api::app::APP.auth {
    Some(auth) => auth,
    None => panic!("the Gazette has accounts"),
};

const fn gazette(auth: AuthMeta) -> AppMeta {
    AppMeta { auth: Some(auth), ..api::app::APP }
}

const fn with_surfaces(surfaces: &'static [Surface]) -> AppMeta {
    gazette(AuthMeta { surfaces, ..*AUTH })
}

const fn with_verification(required: bool, method: VerificationMethod) -> AppMeta {
    gazette(AuthMeta { email_verification: EmailVerificationMeta { required, method }, ..*AUTH })
}

const fn with_redirects(auth: &AuthMeta, redirects: &'static [&'static str]) -> AppMeta {
    gazette(AuthMeta { token_pair: TokenPairMeta { redirects, ..auth.token_pair }, ..*auth })
}

/// The page that links of the `tokenPair` surface lead to by default in applications with redirects.
pub(crate) const WELCOME: &str = "https://app.example.com/welcome?from=mail";
/// Another permitted redirect.
pub(crate) const APP: &str = "gazette://verified";

macro_rules! variants {
    ($($(#[$comment:meta])* $name:ident: $app:expr;)*) => {$(
        $(#[$comment])*
        pub(crate) struct $name;

        impl Api for $name {
            type Hooks = api::Hooks;
            const APP: &'static AppMeta = &$app;
            const PERMISSIONS: usize = <api::Api as Api>::PERMISSIONS;
            const MIGRATIONS: &'static [Migration] = <api::Api as Api>::MIGRATIONS;
            const TABLES: &'static str = <api::Api as Api>::TABLES;

            fn mount(hooks: api::Hooks) -> Mounted {
                <api::Api as Api>::mount(hooks)
            }
        }
    )*};
}

variants! {
    /// `emailVerification: { required: true, method: link }`
    VerificationRequired: with_verification(true, VerificationMethod::Link);
    /// `emailVerification: { required: false, method: code }`
    VerificationByCode: with_verification(false, VerificationMethod::Code);
    /// `surfaces: [jwt]`
    JwtOnly: with_surfaces(&[Surface::Jwt]);
    /// `surfaces: [session]`
    SessionOnly: with_surfaces(&[Surface::Session]);
    /// `tokenPair: { multipleSessions: false }`
    OnePairPerAccount: gazette(AuthMeta {
        token_pair: TokenPairMeta { multiple_sessions: false, ..AUTH.token_pair },
        ..*AUTH
    });
    /// `tokenPair: { redirects: […] }`
    WithRedirects: with_redirects(AUTH, &[WELCOME, APP]);
    /// `surfaces: [jwt, tokenPair]`, `emailVerification: { method: code }` and `redirects`
    CodeAndRedirects: with_redirects(
        &AuthMeta {
            surfaces: &[Surface::Jwt, Surface::TokenPair],
            email_verification: EmailVerificationMeta { method: VerificationMethod::Code, ..AUTH.email_verification },
            ..*AUTH
        },
        &[WELCOME, APP],
    );
    /// The settings in `docs/coming-from-conduit.md`.
    ComingFromConduit: with_redirects(
        &AuthMeta { surfaces: &[Surface::TokenPair], ..*AUTH },
        &["https://app.example.com/welcome", "https://app.example.com/reset"],
    );
}
