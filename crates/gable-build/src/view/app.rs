//! Prints `APP`: the settings of `app.yaml`.

use gable_schema::schema::{App, Auth, AuthRoute, BodyBound, BodyRule, Identifier, MailLinks};

use super::literal::{float, optional_text, text, texts};
use super::meta::{optional_rate_limit, rate_limit};

/// Returns the expression of the `AppMeta`.
pub(crate) fn app(app: &App) -> String {
    let query = &app.query;
    format!(
        "AppMeta {{ name: {}, version: env!(\"CARGO_PKG_VERSION\"), api: {}, port: {}, body_limit: {}, cors: {}, \
         query: QueryLimits {{ default_limit: {}, max_limit: {}, max_filters: {}, max_depth: {}, max_bulk: {}, max_nested: {}, max_in: {}, max_included: {}, max_bytes: {}, statement_seconds: {}, filter_mode: FilterMode::{:?} }}, \
         rate_limit: {}, auth: {}, mail_from: {}, mail_links: {} }}",
        text(&app.name),
        text(&app.api),
        app.server.port,
        app.server.body_limit,
        texts(&app.server.cors),
        query.default_limit,
        query.max_limit,
        query.max_filters,
        query.max_depth,
        query.max_bulk,
        query.max_nested,
        query.max_in,
        query.max_included,
        query.max_bytes,
        query.statement_seconds,
        query.filter_mode,
        rate_limit(&app.rate_limit),
        app.auth.as_ref().map_or_else(|| "None".to_owned(), |settings| format!("Some({})", auth(settings))),
        optional_text(app.mail_from.as_deref()),
        mail_links(&app.mail_links),
    )
}

fn mail_links(links: &MailLinks) -> String {
    format!(
        "MailLinks {{ verify_email: {}, reset_password: {} }}",
        optional_text(links.verify_email.as_deref()),
        optional_text(links.reset_password.as_deref())
    )
}

fn auth(auth: &Auth) -> String {
    let surfaces: Vec<String> = auth.surfaces.iter().map(|surface| format!("Surface::{surface:?}")).collect();
    let identifiers: Vec<String> = auth.login.identifiers.iter().map(identifier).collect();
    let routes: Vec<String> = auth.routes.iter().map(route).collect();
    let parts = [
        format!("mode: AuthMode::{:?}", auth.mode),
        format!("surfaces: &[{}]", surfaces.join(", ")),
        format!("default_role: {}", optional_text(auth.default_role.as_deref())),
        format!("identifiers: &[{}]", identifiers.join(", ")),
        format!("send_access_token_through: TokenDelivery::{:?}", auth.login.send_access_token_through),
        jwt(auth),
        password(auth),
        format!(
            "lockout: LockoutMeta {{ attempts: {}, for_seconds: {} }}",
            auth.lockout.attempts, auth.lockout.for_seconds
        ),
        format!(
            "email_verification: EmailVerificationMeta {{ required: {}, method: VerificationMethod::{:?} }}",
            auth.email_verification.required, auth.email_verification.method
        ),
        format!("rate_limit: {}", rate_limit(&auth.rate_limit)),
        format!("routes: &[{}]", routes.join(", ")),
        session(auth),
        token_pair(auth),
    ];
    format!("AuthMeta {{ {} }}", parts.join(", "))
}

fn identifier(identifier: &Identifier) -> String {
    format!(
        "IdentifierMeta {{ path: {}, body_key: {}, model: {}, field: {}, relation: {} }}",
        text(&identifier.path),
        text(&identifier.body_key),
        text(&identifier.model),
        text(&identifier.field),
        optional_text(identifier.relation.as_deref())
    )
}

fn route(route: &AuthRoute) -> String {
    let rules: Vec<String> = route.validation.iter().map(rule).collect();
    format!(
        "AuthRouteMeta {{ operation: AuthOperation::{:?}, disabled: {}, rate_limit: {}, validation: &[{}] }}",
        route.operation,
        route.route.disabled,
        optional_rate_limit(route.route.rate_limit.as_ref()),
        rules.join(", ")
    )
}

fn rule(rule: &BodyRule) -> String {
    format!(
        "BodyRuleMeta {{ field: {}, required: {}, min: {}, max: {}, pattern: {} }}",
        text(&rule.field),
        rule.required,
        optional_bound(rule.min.as_ref()),
        optional_bound(rule.max.as_ref()),
        optional_text(rule.pattern.as_deref())
    )
}

fn optional_bound(bound: Option<&BodyBound>) -> String {
    let printed = match bound {
        None => return "None".to_owned(),
        Some(BodyBound::Length(characters)) => format!("Length({characters})"),
        Some(BodyBound::Integer(value)) => format!("Integer({value})"),
        Some(BodyBound::Float(value)) => format!("Float({})", float(*value)),
        Some(BodyBound::Decimal(literal)) => format!("Decimal({})", text(literal)),
    };
    format!("Some(BodyBound::{printed})")
}

fn jwt(auth: &Auth) -> String {
    let jwt = &auth.jwt;
    format!(
        "jwt: JwtMeta {{ expires_in_seconds: {}, cookie_name: {}, same_site: SameSite::{:?} }}",
        jwt.expires_in_seconds,
        text(&jwt.cookie_name),
        jwt.same_site
    )
}

fn password(auth: &Auth) -> String {
    let password = &auth.password;
    format!(
        "password: PasswordPolicy {{ min: {}, max: {}, upper: {}, lower: {}, digit: {}, symbol: {}, refuse_common: {} }}",
        password.min,
        password.max,
        password.upper,
        password.lower,
        password.digit,
        password.symbol,
        password.refuse_common
    )
}

fn session(auth: &Auth) -> String {
    let session = &auth.session;
    format!(
        "session: SessionMeta {{ prefix: {}, cookie: {}, idle_seconds: {}, absolute_seconds: {}, max_per_account: {} }}",
        text(&session.prefix),
        text(&session.cookie),
        session.idle_seconds,
        session.absolute_seconds,
        session.max_per_account
    )
}

fn token_pair(auth: &Auth) -> String {
    let pair = &auth.token_pair;
    format!(
        "token_pair: TokenPairMeta {{ prefix: {}, access_seconds: {}, refresh_seconds: {}, multiple_sessions: {}, \
         redirects: {} }}",
        text(&pair.prefix),
        pair.access_seconds,
        pair.refresh_seconds,
        pair.multiple_sessions,
        texts(&pair.redirects)
    )
}
