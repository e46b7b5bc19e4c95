//! Everything that a client shows to be let in. An input is a text for each of them, or, behind a line break, what a
//! token says that is signed with the real key.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use gable::fuzzing::LogIn;
use gable_fuzz::{SECRET, Stage, answered, split_once, stage};
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
        let made_up = !is_real(log_in, data);
        if made_up {
            opens_nothing(stage, data);
        }
        if let Ok(text) = std::str::from_utf8(data) {
            if made_up {
                names_nothing(stage, text);
            }
            is_signed(stage, log_in, text);
        }
        is_changed(stage, log_in, data);
    }
);

fn credentials(log_in: &LogIn) -> [&String; 4] {
    [&log_in.token, &log_in.session, &log_in.access, &log_in.refresh]
}

/// The fuzzer looks on when texts are compared in here, and tries out what it saw: real credentials, too.
fn is_real(log_in: &LogIn, bytes: &[u8]) -> bool {
    let shown = bytes.to_ascii_lowercase();
    let holds = |credential: &String| {
        let real = credential.to_ascii_lowercase();
        shown.windows(real.len()).any(|part| part == real.as_bytes())
    };
    credentials(log_in).into_iter().any(holds)
}

/// No header opens an account, whatever it holds.
fn opens_nothing(stage: &Stage, bytes: &[u8]) {
    let bearer = [b"Bearer ", bytes].concat();
    for (authorization, cookie) in [(bytes, &b""[..]), (&bearer[..], b""), (b"", bytes)] {
        let Some(outcome) = stage.app.authenticate(authorization, cookie) else { continue };
        assert_eq!(answered(outcome).flatten(), None, "somebody is let in");
    }
    for name in ["sid", "arkos_access_token"] {
        let cookie = [name.as_bytes(), b"=", bytes].concat();
        let Some(outcome) = stage.app.authenticate(b"", &cookie) else { continue };
        assert_eq!(answered(outcome).flatten(), None, "somebody is let in");
    }
}

fn names_nothing(stage: &Stage, text: &str) {
    assert!(!stage.app.is_refresh_token(text) && !stage.app.is_one_time_token(text));
}

/// Whatever a token says, it opens the log-in that it names or nothing.
fn is_signed(stage: &Stage, log_in: &LogIn, text: &str) {
    let real = claims(&log_in.token);
    let id = |name: &str| real[name].as_str().unwrap_or_default().to_owned();
    let text = text.replace("$gid", &id("gid")).replace("$sub", &id("sub"));
    let (header, body) = split_once(&text, '\n');
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(body));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    let token = format!("Bearer {message}.{}", BASE64.encode(mac.finalize().into_bytes()));
    let Some(outcome) = stage.app.authenticate(token.as_bytes(), b"") else { return };
    if answered(outcome).flatten().is_some() {
        assert!(body.contains(&id("gid")) && body.contains(&id("sub")), "a token that names no log-in opens one");
    }
}

fn claims(token: &str) -> serde_json::Value {
    let body = token.split('.').nth(1).and_then(|body| BASE64.decode(body).ok()).unwrap_or_default();
    serde_json::from_slice(&body).expect("a token has claims")
}

/// A real credential in which one byte is another one opens nothing.
fn is_changed(stage: &Stage, log_in: &LogIn, data: &[u8]) {
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
        assert_eq!(answered(outcome).flatten(), None, "a changed credential opens");
    }
    if let Ok(text) = std::str::from_utf8(&changed) {
        names_nothing(stage, text);
    }
}
