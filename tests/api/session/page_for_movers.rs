//! The examples of docs/coming-from-modularauth-kit.md, against the application as the page sets it up.

use serde_json::Value;

use super::mail::token;
use super::stage::{Coded, Stage};
use super::{sid, with_sid};
use crate::harness::{Client, Reply};

const PAGE: &str = include_str!("../../../docs/coming-from-modularauth-kit.md");

/// A request and what it is answered.
struct Example {
    request: &'static str,
    answer: &'static str,
}

fn examples() -> Vec<Example> {
    let blocks = PAGE.split("```http\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    let pairs = lines.chunks(2).map(|pair| {
        let [request, answer] = pair else { panic!("a request and its answer, not {pair:?}") };
        let answer = answer.strip_prefix("-> ").unwrap_or_else(|| panic!("no answer: {answer}"));
        Example { request, answer }
    });
    pairs.collect()
}

/// A browser: it keeps the cookie that it was given.
struct Browser {
    stage: Stage,
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
            // A mail that still waits is void once another is asked for.
            self.stage.mail(1);
        }
        if reply.header("Set-Cookie").is_some() {
            let value = sid(&reply);
            self.client = if value.is_empty() { Client::new(self.stage.base()) } else { with_sid(&self.stage, &value) };
            self.sid = Some(value);
        }
        reply
    }

    /// What only the mailbox or the browser knows.
    fn filled_in(&self, line: &str) -> String {
        let mut line = line.to_owned();
        if line.contains("{{current}}") {
            let id = uuid::Uuid::try_parse(&self.sid.as_deref().expect("a session")[..32]).expect("an id");
            line = line.replace("{{current}}", &id.to_string());
        }
        if line.contains("{{code}}") {
            let mail = self.stage.mail(2);
            let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
            line = line.replace("{{code}}", mail.text.lines().find(is_code).expect("a code"));
        }
        if line.contains("{{token}}") {
            line = line.replace("{{token}}", &token(&self.stage.mail(3)));
        }
        line
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether the answer has everything that the page shows; it may have more.
fn shows(answer: &Value, page: &Value) -> bool {
    match (answer, page) {
        (Value::Object(answer), Value::Object(page)) => {
            page.iter().all(|(key, value)| answer.get(key).is_some_and(|own| shows(own, value)))
        }
        (Value::Array(answer), Value::Array(page)) => {
            page.len() <= answer.len() && page.iter().zip(answer).all(|(value, own)| shows(own, value))
        }
        _ => answer == page,
    }
}

#[test]
fn every_example_of_the_page_is_answered_as_it_says() {
    let stage = Stage::of::<Coded>(|_| {});
    let mut browser = Browser { client: Client::new(stage.base()), stage, sid: None };
    let examples = examples();
    assert!(examples.len() > 15, "{} examples", examples.len());
    for example in &examples {
        let reply = browser.send(example);
        let (status, body) = example.answer.split_once(' ').expect("a status and a body");
        assert_eq!(reply.status.to_string(), status, "{}: {reply:?}", example.request);
        assert!(shows(&reply.json, &json(body)), "{}: {reply:?}", example.request);
    }
}
