//! Requests to one application, on behalf of one caller.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use super::Reply;

/// A client, which is anonymous unless it has a token or a cookie.
#[derive(Clone)]
pub(crate) struct Client {
    pub(super) agent: Agent,
    pub(super) base: String,
    token: Option<String>,
    cookie: Option<String>,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        Self { agent: agent(Duration::from_secs(60)), base, token: None, cookie: None }
    }

    /// A copy of the client with this bearer token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A copy of the client with this cookie, `name=value`, and no other credential.
    pub(crate) fn with_cookie(&self, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), token: None, ..self.clone() }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send()
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.request("DELETE", path).send()
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Reply {
        self.request("POST", path).json(&body).send()
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Reply {
        self.request("PATCH", path).json(&body).send()
    }

    /// Begins a request with other headers, bodies or methods than the short forms have.
    pub(crate) fn request(&self, method: &str, path: &str) -> Sending<'_> {
        let mut request =
            Sending { client: self, method: method.into(), path: path.into(), headers: vec![], body: None };
        if let Some(token) = &self.token {
            request = request.header("Authorization", &format!("Bearer {token}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        request
    }
}

/// A request that is being built.
pub(crate) struct Sending<'a> {
    client: &'a Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Sending<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Sets the body, whose type the headers determine.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn send(self) -> Reply {
        self.attempt().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like `send`, for requests that may remain without an answer.
    pub(crate) fn attempt(self) -> Result<Reply, String> {
        let name = format!("{} {}", self.method, self.path);
        let mut request =
            Request::builder().method(self.method.as_str()).uri(format!("{}{}", self.client.base, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match self.body {
            Some(body) => self.client.agent.run(request.body(body).expect("a request")),
            None => self.client.agent.run(request.body(()).expect("a request")),
        };
        let mut response = sent.map_err(|error| format!("{name}: {error}"))?;
        let bytes = response.body_mut().read_to_vec().map_err(|error| format!("{name}: {error}"))?;
        Ok(Reply::new(name, response.status().as_u16(), response.headers().clone(), bytes))
    }
}

/// An agent that waits for an answer for at most `timeout`.
pub(super) fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(timeout))
        // Shorter than the server's own time limit for idle connections.
        .max_idle_age(Duration::from_secs(1));
    config.build().into()
}
