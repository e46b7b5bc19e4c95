//! Fuzzes credentials. An input is sent as each kind of credential. It is also read as the header and, on the next
//! line, the claims of a token, which is signed with the real key.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use gable::fuzzing::LogIn;
use gable_fuzz::{SECRET, Stage, split_once, stage, success};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

thread_local! {
    static LOG_IN: &'static LogIn = Box::leak(Box::new(stage().app.log_in(&stage().author)));
}

fuzz_target!(
    init: { LOG_IN.with(|_| ()); },
    |data: &[u8]| {
        let (stage, log_in) = (stage(), LOG_IN.with(|log_in| *log_in));
        let forged = !contains_credential(log_in, data);
        if forged {
            assert_not_authenticated(stage, data);
        }
        if let Ok(text) = std::str::from_utf8(data) {
            if forged {
                assert_no_token(stage, text);
            }
            check_signed_token(stage, log_in, text);
        }
        check_changed_credential(stage, log_in, data);
    }
);

fn credentials(log_in: &LogIn) -> [&String; 4] {
    [&log_in.token, &log_in.session, &log_in.access, &log_in.refresh]
}

/// Returns true if the input contains a real credential. The fuzzer observes comparisons, so it can find credentials.
fn contains_credential(log_in: &LogIn, bytes: &[u8]) -> bool {
    let input = bytes.to_ascii_lowercase();
    let contains = |credential: &String| {
        let real = credential.to_ascii_lowercase();
        input.windows(real.len()).any(|part| part == real.as_bytes())
    };
    credentials(log_in).into_iter().any(contains)
}

/// Asserts that the input authenticates no account, in any header or cookie.
fn assert_not_authenticated(stage: &Stage, bytes: &[u8]) {
    let bearer = [b"Bearer ", bytes].concat();
    for (authorization, cookie) in [(bytes, &b""[..]), (&bearer[..], b""), (b"", bytes)] {
        let Some(outcome) = stage.app.authenticate(authorization, cookie) else { continue };
        assert_eq!(success(outcome).flatten(), None, "the input was accepted as a credential");
    }
    for name in ["sid", "arkos_access_token"] {
        let cookie = [name.as_bytes(), b"=", bytes].concat();
        let Some(outcome) = stage.app.authenticate(b"", &cookie) else { continue };
        assert_eq!(success(outcome).flatten(), None, "the input was accepted as a credential");
    }
}

fn assert_no_token(stage: &Stage, text: &str) {
    assert!(!stage.app.is_refresh_token(text) && !stage.app.is_one_time_token(text));
}

/// Asserts that a signed token authenticates only the log-in that its claims contain.
fn check_signed_token(stage: &Stage, log_in: &LogIn, text: &str) {
    let real = claims(&log_in.token);
    let id = |name: &str| real[name].as_str().unwrap_or_default().to_owned();
    let text = text.replace("$gid", &id("gid")).replace("$sub", &id("sub"));
    let (header, body) = split_once(&text, '\n');
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(body));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    let token = format!("Bearer {message}.{}", BASE64.encode(mac.finalize().into_bytes()));
    let Some(outcome) = stage.app.authenticate(token.as_bytes(), b"") else { return };
    if success(outcome).flatten().is_some() {
        assert!(
            body.contains(&id("gid")) && body.contains(&id("sub")),
            "a token without the ids of the log-in was accepted"
        );
    }
}

fn claims(token: &str) -> serde_json::Value {
    let body = token.split('.').nth(1).and_then(|body| BASE64.decode(body).ok()).unwrap_or_default();
    serde_json::from_slice(&body).expect("a token has claims")
}

/// Asserts that a real credential is refused if one of its bytes is changed.
fn check_changed_credential(stage: &Stage, log_in: &LogIn, data: &[u8]) {
    let [which, position, byte, ..] = *data else { return };
    let credential = credentials(log_in)[usize::from(which) % 4];
    let mut changed = credential.clone().into_bytes();
    let position = usize::from(position) * changed.len() / 256;
    changed[position] = byte;
    if changed == credential.as_bytes() {
        return;
    }
    let authorization = [b"Bearer ", &changed[..]].concat();
    let session = [b"sid=", &changed[..]].concat();
    for (authorization, cookie) in [(&authorization[..], &b""[..]), (b"", &session)] {
        let Some(outcome) = stage.app.authenticate(authorization, cookie) else { continue };
        assert_eq!(success(outcome).flatten(), None, "a changed credential was accepted");
    }
    if let Ok(text) = std::str::from_utf8(&changed) {
        assert_no_token(stage, text);
    }
}
