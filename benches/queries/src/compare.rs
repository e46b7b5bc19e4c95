//! Whether both do the same work: different answers are not compared by their speed.

use std::error::Error;

use serde_json::Value;

use crate::Stage;
use crate::client::{self, Connection};
use crate::contender::{Contender, PASSWORD};
use crate::rounds::Work;

/// # Errors
/// The contenders refuse, or answer differently in anything but these members.
pub(crate) fn same_answers(stage: &Stage, work: &dyn Work, made_up: &[&str]) -> Result<(), Box<dyn Error>> {
    let request = work.request();
    let gable = answer(&stage.gable, &request, made_up)?;
    // What was written is in the way of writing it again.
    work.tidy()?;
    let peer = answer(&stage.peer, &request, made_up)?;
    work.tidy()?;
    if gable == peer {
        return Ok(());
    }
    Err(format!("the answers differ:\n{gable:.2000}\n{peer:.2000}").into())
}

fn answer(contender: &Contender, request: &[u8], made_up: &[&str]) -> Result<Value, Box<dyn Error>> {
    let mut connection = Connection::open(contender.port)?;
    let (status, body) = connection.send(request)?;
    if !(200..300).contains(&status) {
        return Err(format!("{status} {}", String::from_utf8_lossy(body)).into());
    }
    let mut answer: Value = serde_json::from_slice(body)?;
    if answer["results"].as_u64().is_none_or(|results| results == 0) {
        return Err("the answer is empty".into());
    }
    // Gable's own: only it can read one.
    answer.as_object_mut().and_then(|answer| answer.remove("nextCursor"));
    for row in answer["data"].as_array_mut().into_iter().flatten() {
        for name in made_up {
            row.as_object_mut().and_then(|row| row.remove(*name)).ok_or("a row lacks what the server makes")?;
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
