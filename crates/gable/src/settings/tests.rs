use super::*;
use crate::meta::{RateLimit, *};

const LIMIT: RateLimit = RateLimit { window_ms: 60_000, max: 100 };

pub(crate) const AUTH: AuthMeta = AuthMeta {
    mode: AuthMode::Dynamic,
    surfaces: &[Surface::Jwt],
    default_role: None,
    identifiers: &[],
    send_access_token_through: TokenDelivery::Both,
    jwt: JwtMeta { expires_in_seconds: 3600, cookie_name: "token", same_site: SameSite::Lax },
    password: PasswordPolicy { min: 8, max: 72, upper: 0, lower: 0, digit: 0, symbol: 0, refuse_common: false },
    lockout: LockoutMeta { attempts: 5, for_seconds: 60 },
    email_verification: EmailVerificationMeta { required: false, method: VerificationMethod::Link },
    rate_limit: LIMIT,
    routes: &[],
    session: SessionMeta {
        prefix: "/session",
        cookie: "sid",
        idle_seconds: 60,
        absolute_seconds: 60,
        max_per_account: 1,
    },
    token_pair: TokenPairMeta {
        prefix: "/pair",
        access_seconds: 60,
        refresh_seconds: 60,
        multiple_sessions: false,
        redirects: &[],
    },
};

pub(crate) const fn app(auth: Option<AuthMeta>) -> AppMeta {
    AppMeta {
        name: "shop",
        version: "1.0.0",
        api: "/api",
        port: 8000,
        body_limit: 1024,
        cors: &[],
        query: QueryLimits {
            default_limit: 30,
            max_limit: 100,
            max_filters: 10,
            max_depth: 3,
            max_bulk: 100,
            max_nested: 100,
            max_in: 10,
            max_included: 100,
            max_bytes: 1024,
            statement_seconds: 5,
            filter_mode: crate::meta::FilterMode::And,
        },
        rate_limit: LIMIT,
        auth,
        mail_from: None,
        mail_links: MailLinks { verify_email: None, reset_password: None },
    }
}

fn read(app: &AppMeta, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let names: Vec<String> = variables.iter().map(|(name, _)| (*name).to_owned()).collect();
    let source = Source { lookup: &lookup, names: &names, problem: None };
    Settings::read(app, source, Path::new("/nowhere/that/exists"))
}

fn problems(app: &AppMeta, variables: &[(&str, &str)]) -> Vec<String> {
    read(app, variables).expect_err("a problem").problems
}

#[test]
fn an_empty_environment_gives_the_documented_defaults() {
    let settings = read(&app(None), &[]).expect("settings");
    assert_eq!(settings.database_url.expose(), "sqlite://.gable/data.db");
    assert_eq!((settings.host.as_str(), settings.port), ("127.0.0.1", 8000));
    assert_eq!(settings.public_url(8000), "http://127.0.0.1:8000");
    assert_eq!((settings.bcrypt_cost, settings.database.connections), (12, 8));
    assert_eq!((settings.rate_limits, settings.insecure_cookies), (Switch::On, Switch::Off));
    assert_eq!(settings.environment, Environment::Development);
    assert_eq!(settings.jwt_secret, None, "no accounts, no secret");
    assert!(settings.mail_directory.ends_with("mail"));
}

#[test]
fn every_problem_is_listed_at_once() {
    let wrong = [
        ("PORT", "70000"),
        ("DATABASE_URL", "oracle://x"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ten"),
        ("GABLE_BCRYPT_COST", "3"),
        ("GABLE_ENV", "staging"),
        ("REDIS_URL", "redis://localhost"),
        ("PUBLIC_URL", "shop.example.com"),
        ("HOST", "a b"),
    ];
    let error = read(&app(None), &wrong).expect_err("problems");
    let text = error.to_string();
    assert_eq!(error.problems().len(), wrong.len(), "{text}");
    assert!(wrong.iter().all(|(name, _)| text.contains(name)), "{text}");
}

#[test]
fn production_lists_every_insecure_setting_at_once() {
    let insecure = [
        ("GABLE_ENV", "production"),
        ("GABLE_BCRYPT_COST", "9"),
        ("GABLE_RATE_LIMITS", "off"),
        ("GABLE_INSECURE_COOKIES", "1"),
    ];
    let problems = problems(&app(Some(AUTH)), &insecure);
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("JWT_SECRET")));
}

#[test]
fn production_refuses_a_secret_of_31_bytes_and_takes_one_of_32() {
    let with = |secret: &str| read(&app(Some(AUTH)), &[("GABLE_ENV", "production"), ("JWT_SECRET", secret)]);
    let error = with(&"s".repeat(31)).expect_err("too short");
    assert!(!error.to_string().contains("sss"), "the secret stays out of the message");
    assert_eq!(with(&"s".repeat(32)).expect("settings").jwt_secret, Some(Secret::new("s".repeat(32))));
}

#[test]
fn development_warns_of_a_short_secret() {
    let settings = read(&app(Some(AUTH)), &[("JWT_SECRET", "short")]).expect("settings");
    assert_eq!(settings.warnings.len(), 1);
}

#[test]
fn an_application_without_accounts_needs_no_secret_in_production() {
    assert!(read(&app(None), &[("GABLE_ENV", "production")]).is_ok());
}

#[test]
fn debug_output_shows_no_secret() {
    let secrets = [
        ("DATABASE_URL", "postgres://ada:hunter2@db/shop"),
        ("SMTP_URL", "smtp://ada:hunter2@mail"),
        ("JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
    ];
    let settings = read(&app(Some(AUTH)), &secrets).expect("settings");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_wrong_database_url_is_not_repeated() {
    let problems = problems(&app(None), &[("DATABASE_URL", "ada:hunter2@db")]);
    assert!(!problems.join("").contains("hunter2"));
}

#[test]
fn a_wrong_mail_server_is_a_problem_that_repeats_nothing() {
    let wrong =
        ["ada:hunter2@mail", "smtp://ada:hunter2@mail?tls=never", "smtps://ada:hunter2/@mail", "smtp://hunter2@mail"];
    for url in wrong {
        let problems = problems(&app(Some(AUTH)), &[("SMTP_URL", url), ("PORT", "x")]);
        assert_eq!(problems.len(), 2, "{url}: {problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("SMTP_URL")), "{problems:?}");
        assert!(!problems.join("").contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn production_sends_no_password_of_a_mail_server_in_plain_text() {
    let start = |environment: &str, url: &str| read(&app(None), &[("GABLE_ENV", environment), ("SMTP_URL", url)]);
    for url in ["smtp://ada:hunter2@mail", "smtp://ada:hunter2@mail?tls=opportunistic"] {
        let problems = start("production", url).expect_err("a problem").problems;
        assert!(problems.len() == 1 && problems[0].contains("SMTP_URL"), "{problems:?}");
        assert!(start("development", url).is_ok());
    }
    for url in ["smtps://ada:hunter2@mail", "smtp://ada:hunter2@mail?tls=required"] {
        assert_eq!(start("production", url).expect("settings").warnings, [""; 0], "{url}");
    }
}

#[test]
fn production_warns_of_mail_that_is_readable_or_reaches_nobody() {
    let warnings = |surfaces: &'static [Surface], more: &[(&str, &str)]| {
        let secret = "s".repeat(32);
        let common = [("GABLE_ENV", "production"), ("JWT_SECRET", secret.as_str())];
        let app = app(Some(AuthMeta { surfaces, ..AUTH }));
        read(&app, &[&common[..], more].concat()).expect("settings").warnings
    };
    assert_eq!(warnings(&[Surface::Jwt], &[]), [""; 0]);
    for surface in [&[Surface::Session], &[Surface::TokenPair]] {
        let found = warnings(surface, &[]);
        assert!(found.len() == 2 && found[0].contains("lead to http://127.0.0.1:8000"), "{found:?}");
        assert!(found[1].contains("only becomes files"), "{found:?}");
        let found = warnings(surface, &[("SMTP_URL", "smtp://relay:25"), ("PUBLIC_URL", "https://shop.example.com")]);
        assert!(found.len() == 1 && found[0].contains("TLS"), "{found:?}");
    }
}

#[test]
fn a_variable_that_is_not_known_is_named_with_the_nearest_one() {
    let set = [
        ("GABLE_SHUTDOWN_SECOND", "30"),
        ("GABLE_DATABASE_CONECTIONS", "4"),
        ("GABLE_COLOUR", "red"),
        ("GABLE_SUPERUSER_PASSWORD", "known, and read by a command"),
        ("GABLE_WORKERS", "1"),
        ("OTHER", "not ours"),
    ];
    let expected = [
        "GABLE_COLOUR is not a known variable and does nothing",
        "GABLE_DATABASE_CONECTIONS is not a known variable; did you mean GABLE_DATABASE_CONNECTIONS?",
        "GABLE_SHUTDOWN_SECOND is not a known variable; did you mean GABLE_SHUTDOWN_SECONDS?",
    ];
    assert_eq!(read(&app(None), &set).expect("settings").warnings, expected);
}

#[test]
fn a_drain_is_for_production() {
    let drain = |environment: &str| read(&app(None), &[("GABLE_ENV", environment)]).expect("settings").drain;
    assert_eq!((drain("development"), drain("production")), (Duration::ZERO, Duration::from_secs(5)));
}

#[test]
fn the_bounds_of_the_load_have_defaults_and_hold_one_body() {
    let settings = read(&app(None), &[]).expect("settings");
    assert_eq!(
        settings.load,
        LoadLimits { requests: 1024, body_bytes: 64 * 1024 * 1024, answer_bytes: 128 * 1024 * 1024 }
    );
    assert_eq!(settings.write_timeout, Duration::from_secs(30));
    for wrong in [
        ("GABLE_MAX_IN_FLIGHT", "0"),
        ("GABLE_MAX_BODY_BYTES_IN_FLIGHT", "1023"),
        ("GABLE_WRITE_TIMEOUT_SECONDS", "0"),
        ("GABLE_DRAIN_SECONDS", "301"),
    ] {
        let problems = problems(&app(None), &[wrong]);
        assert!(problems.len() == 1 && problems[0].contains(wrong.0), "{problems:?}");
    }
}

#[test]
fn public_url_loses_its_last_slash_and_takes_no_query_or_password() {
    let at = |url: &str| read(&app(None), &[("PUBLIC_URL", url)]).map(|settings| settings.public_url(1));
    assert_eq!(at("https://shop.example.com/v1/").ok().as_deref(), Some("https://shop.example.com/v1"));
    for url in ["https://shop.example.com/?a=1", "https://ada:x@shop.example.com", "ftp://shop", "javascript:alert(1)"]
    {
        assert!(at(url).is_err(), "{url}");
    }
}

#[test]
fn without_a_public_url_the_bound_port_is_named() {
    let at = |host: &str| read(&app(None), &[("HOST", host), ("PORT", "0")]).expect("settings").public_url(4711);
    assert_eq!(at("0.0.0.0"), "http://localhost:4711");
    assert_eq!(at("[::1]"), "http://[::1]:4711");
}

#[test]
fn a_wrong_log_filter_or_format_stops_the_start() {
    assert_eq!(problems(&app(None), &[("RUST_LOG", "info,gable=loud"), ("GABLE_LOG", "xml")]).len(), 2);
}

#[test]
fn a_secret_that_cannot_be_kept_is_a_problem_and_not_a_panic() {
    let variables = |_: &str| None;
    let blocked = std::env::temp_dir().join(format!("gable-settings-{}", uuid::Uuid::new_v4()));
    std::fs::write(&blocked, "a file, not a directory").expect("written");
    let error = Settings::read(&app(Some(AUTH)), Source { lookup: &variables, names: &[], problem: None }, &blocked)
        .expect_err("a problem");
    assert!(error.to_string().contains("JWT_SECRET"));
    std::fs::remove_file(blocked).expect("removed");
}

#[test]
fn variables_of_libpq_count_where_the_url_is_silent() {
    let url = |url: &str, more: &[(&str, &str)]| {
        let variables = [&[("DATABASE_URL", url)][..], more].concat();
        read(&app(None), &variables).expect("settings").database_url.expose().to_owned()
    };
    let set = [("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "/a b.pem"), ("PGPASSWORD", "p&q")];
    assert_eq!(
        url("postgres://u@h/x", &set),
        "postgres://u@h/x?sslmode=verify-full&sslrootcert=%2Fa%20b.pem&password=p%26q"
    );
    assert_eq!(
        url("postgres://u:p@h/x?sslmode=disable&sslrootcert=/c", &set),
        "postgres://u:p@h/x?sslmode=disable&sslrootcert=/c"
    );
    assert_eq!(
        url("postgres://u:p@h/x?ssl-mode=require&ssl-ca=/c", &set),
        "postgres://u:p@h/x?ssl-mode=require&ssl-ca=/c"
    );
    assert_eq!(url("sqlite://x.db", &set), "sqlite://x.db");
}

#[test]
fn variables_of_libpq_count_for_the_address_that_is_listened_to() {
    let variables = [
        ("DATABASE_URL", "postgres://u@pooler/x"),
        ("DATABASE_LISTEN_URL", "postgres://u@server/x"),
        ("PGSSLMODE", "verify-full"),
    ];
    let url = read(&app(None), &variables).expect("settings").database.listen_url.expect("a URL");
    assert_eq!(url.0, "postgres://u@server/x?sslmode=verify-full");
}
