//! Checks that both servers give the same answers; otherwise a comparison of their speed has no meaning.

use std::error::Error;

use serde_json::Value;

use crate::Stage;
use crate::client::{self, Connection};
use crate::contender::{Contender, PASSWORD};
use crate::rounds::Work;

/// Sends a request to both servers and compares the answers, except for the `generated` members of their rows.
///
/// # Errors
/// A server refuses the request, or the answers differ.
pub(crate) fn same_answers(stage: &Stage, work: &dyn Work, generated: &[&str]) -> Result<(), Box<dyn Error>> {
    let request = work.request();
    let gable = answer(&stage.gable, &request, generated)?;
    // The unique slugs of the written rows would make the second request fail.
    work.clean_up()?;
    let peer = answer(&stage.peer, &request, generated)?;
    work.clean_up()?;
    if gable == peer {
        return Ok(());
    }
    Err(format!("the answers differ:\n{gable:.2000}\n{peer:.2000}").into())
}

fn answer(contender: &Contender, request: &[u8], generated: &[&str]) -> Result<Value, Box<dyn Error>> {
    let mut connection = Connection::open(contender.port)?;
    let (status, body) = connection.send(request)?;
    if !(200..300).contains(&status) {
        return Err(format!("{status} {}", String::from_utf8_lossy(body)).into());
    }
    let mut answer: Value = serde_json::from_slice(body)?;
    if answer["results"].as_u64().is_none_or(|results| results == 0) {
        return Err("the answer is empty".into());
    }
    // Only Gable has cursors.
    answer.as_object_mut().and_then(|answer| answer.remove("nextCursor"));
    for row in answer["data"].as_array_mut().into_iter().flatten() {
        for name in generated {
            row.as_object_mut()
                .and_then(|row| row.remove(*name))
                .ok_or("a row lacks a value that the server generates")?;
        }
    }
    Ok(answer)
}

pub(crate) fn log_in(gable: &Contender) -> Result<String, Box<dyn Error>> {
    let body = format!(r#"{{"email":"root@example.com","password":"{PASSWORD}"}}"#);
    let mut connection = Connection::open(gable.port)?;
    let (status, body) = connection.send(&client::post("/api/auth/login", None, &body))?;
    let answer: Value = serde_json::from_slice(body)?;
    let token = answer["token"].as_str().ok_or_else(|| format!("the log-in failed: {status} {answer}"))?;
    Ok(token.to_owned())
}
