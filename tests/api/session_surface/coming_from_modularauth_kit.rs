//! The examples in `docs/coming-from-modularauth-kit.md`, sent to an application with the settings of the page.

use serde_json::Value;

use super::{sid, with_sid};
use crate::harness::{Client, InProcess, Reply, VerificationByCode, blocks, code_in, shows, token_in};

const PAGE: &str = include_str!("../../../docs/coming-from-modularauth-kit.md");

/// A request and its answer.
struct Example {
    request: &'static str,
    answer: &'static str,
}

fn examples() -> Vec<Example> {
    let lines: Vec<&str> = blocks(PAGE, "http").into_iter().flat_map(str::lines).collect();
    let pairs = lines.chunks(2).map(|pair| {
        let [request, answer] = pair else { panic!("a request and its answer, not {pair:?}") };
        let answer = answer.strip_prefix("-> ").unwrap_or_else(|| panic!("no answer: {answer}"));
        Example { request, answer }
    });
    pairs.collect()
}

/// A client that keeps its cookie, like a browser.
struct Browser {
    app: InProcess,
    client: Client,
    sid: Option<String>,
}

impl Browser {
    fn send(&mut self, example: &Example) -> Reply {
        let line = self.filled_in(example.request);
        let (method, rest) = line.split_once(' ').expect("a method");
        let (path, body) = rest.split_once(' ').map_or((rest, None), |(path, body)| (path, Some(body)));
        let request = self.client.request(method, path).header("User-Agent", "a test");
        let reply = match body {
            Some(body) => request.json(&json(body)).send(),
            None => request.send(),
        };
        if reply.status == 201 {
            // A request for another mail would cancel one that still waits.
            self.app.mail(1);
        }
        if reply.header("Set-Cookie").is_some() {
            let value = sid(&reply);
            self.client = if value.is_empty() { Client::new(self.app.url()) } else { with_sid(&self.app, &value) };
            self.sid = Some(value);
        }
        reply
    }

    /// Replaces the placeholders for values from mails and cookies.
    fn filled_in(&self, line: &str) -> String {
        let mut line = line.to_owned();
        if line.contains("{{current}}") {
            let id = uuid::Uuid::try_parse(&self.sid.as_deref().expect("a session")[..32]).expect("an id");
            line = line.replace("{{current}}", &id.to_string());
        }
        if line.contains("{{code}}") {
            line = line.replace("{{code}}", &code_in(&self.app.mail(2)));
        }
        if line.contains("{{token}}") {
            line = line.replace("{{token}}", &token_in(&self.app.mail(3)));
        }
        line
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_example_of_the_page_is_answered_as_it_says() {
    let app = InProcess::of::<VerificationByCode>();
    let mut browser = Browser { client: Client::new(app.url()), app, sid: None };
    let examples = examples();
    assert!(examples.len() > 15, "{} examples", examples.len());
    for example in &examples {
        let reply = browser.send(example);
        let (status, body) = example.answer.split_once(' ').expect("a status and a body");
        assert_eq!(reply.status.to_string(), status, "{}: {reply:?}", example.request);
        assert!(shows(&reply.json, &json(body)), "{}: {reply:?}", example.request);
    }
}
