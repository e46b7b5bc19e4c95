//! TLS to PostgreSQL. `.ci/with-postgres` makes a certificate for `localhost` and names it in an environment variable.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Output, Setup};

/// The self-signed certificate of the server, or `None` if this run has no such server.
fn certificate() -> Option<String> {
    let path = std::env::var("TEST_POSTGRES_CERTIFICATE").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("skipped: it needs a PostgreSQL server with TLS, which .ci/with-postgres starts");
    }
    path
}

/// Starts the application with this host and these parameters in its URL.
fn start(host: &str, parameters: &str) -> (Output, i64) {
    let setup = Setup::new();
    let url = setup.sql_url().replacen("127.0.0.1", host, 1);
    let setup = setup.with("DATABASE_URL", &format!("{url}?{parameters}"));
    let output = setup.run(&["migrate"]);
    if output.code != Some(0) {
        return (output, -1);
    }
    let app = setup.spawn();
    app.get("/api/posts").succeeds(200);
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE datname = current_database() AND application_name = 'gable' AND ssl";
    (output, app.number(encrypted))
}

fn pem(certificate: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

#[track_caller]
fn is_refused(host: &str, parameters: &str) {
    let (output, _) = start(host, parameters);
    assert_eq!(output.code, Some(1), "{parameters}: {output:?}");
}

#[test]
fn each_ssl_mode_encrypts_and_verifies_as_documented() {
    let Some(certificate) = certificate() else { return };
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let other_file = directory.path().join("other.pem");
    fs::write(&other_file, pem(other.cert.der())).expect("written");
    let other_file = other_file.display();

    assert_eq!(start("localhost", "sslmode=disable").1, 0);
    for parameters in ["sslmode=prefer", "sslmode=require", "application_name=gable"] {
        assert!(start("localhost", parameters).1 > 0, "{parameters}");
    }
    let full = format!("sslmode=verify-full&sslrootcert={certificate}");
    assert!(start("localhost", &full).1 > 0, "the certificate is the server's own");
    is_refused("127.0.0.1", &full);
    assert!(start("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={certificate}")).1 > 0, "whatever its name");
    is_refused("localhost", "sslmode=verify-full");
    for mode in ["require", "verify-ca", "verify-full"] {
        is_refused("localhost", &format!("sslmode={mode}&sslrootcert={other_file}"));
    }
}
