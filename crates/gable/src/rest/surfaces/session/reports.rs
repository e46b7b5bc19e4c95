//! Responses about the log-ins of one's own account: active sessions and the log-in history.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::responses::success;
use crate::auth::error::AuthError;
use crate::auth::session::{OwnEvent, OwnSession, list_sessions, login_history};
use crate::context::Context;
use crate::error::{ApiError, Problem};
use crate::model::Id;
use crate::query::parameters;

pub(super) async fn sessions(ctx: &mut Context<'_>) -> Result<HttpResponse, AuthError> {
    let sessions: Vec<Value> = list_sessions(ctx).await?.iter().map(session).collect();
    Ok(success(StatusCode::OK, "Active sessions retrieved successfully", json!({ "sessions": sessions }))?)
}

fn session(own: &OwnSession) -> Value {
    json!({
        "_id": own.id,
        "surface": own.surface,
        "device": own.device,
        "deviceName": own.device.name(),
        "ipAddress": own.ip,
        "ip": own.ip,
        "userAgent": own.user_agent,
        "createdAt": time(own.created_at),
        "lastActiveAt": time(own.last_active_at),
        "expiresAt": time(own.expires_at),
        "isCurrent": own.is_current,
    })
}

pub(super) async fn history(ctx: &mut Context<'_>, request: &HttpRequest) -> Result<HttpResponse, AuthError> {
    let limits = ctx.core.app.query;
    let (page, limit) = page(request, PAGE.min(limits.max_limit), limits.max_limit)?;
    let offset = u64::from(page - 1) * u64::from(limit);
    let found = login_history(ctx, offset, limit).await?;
    let events: Vec<Value> = found.events.iter().map(|own| event(found.account, own)).collect();
    let data = json!({ "history": events, "total": found.total, "page": page, "limit": limit });
    Ok(success(StatusCode::OK, "Login history retrieved successfully", data)?)
}

/// Default number of events per page of the log-in history, as documented.
const PAGE: u32 = 20;

fn event(account: Id, own: &OwnEvent) -> Value {
    let entry = HistoryEntry::of(own);
    json!({
        "_id": own.id,
        "userId": account.to_string(),
        "event": entry.event,
        "success": entry.success,
        "detail": entry.detail,
        "reason": own.reason,
        "surface": own.surface,
        "device": own.device,
        "deviceName": own.device.name(),
        "ipAddress": own.ip,
        "ip": own.ip,
        "userAgent": own.user_agent,
        "createdAt": time(own.at),
    })
}

/// An event with the name that the surface documents. Several kinds of events share a name.
struct HistoryEntry<'e> {
    event: &'e str,
    success: bool,
    detail: Option<&'e str>,
}

impl<'e> HistoryEntry<'e> {
    fn of(own: &'e OwnEvent) -> Self {
        let (event, success, detail) = match (own.kind.as_str(), own.reason.as_deref()) {
            ("logged_in", _) => ("login_success", true, None),
            ("login_failed", reason) => ("login_failure", false, Some(failure(reason))),
            ("locked", _) => ("account_locked", false, Some("too_many_failed_attempts")),
            ("logged_out", _) => ("logout", true, None),
            ("logged_out_everywhere", _) => ("logout", true, Some("logout_all_devices")),
            ("session_revoked", _) => ("logout", true, Some("session_revoked")),
            ("password_changed", _) => ("password_change", true, None),
            (other, reason) => (other, true, reason),
        };
        Self { event, success, detail }
    }
}

fn failure(reason: Option<&str>) -> &'static str {
    match reason {
        Some("locked") => "account_locked",
        Some("not_active") => "account_not_active",
        Some("not_verified") => "email_not_verified",
        _ => "invalid_password",
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads `?page=` and `?limit=`, like the lists of the API.
fn page(request: &HttpRequest, usual: u32, max: u32) -> Result<(u32, u32), ApiError> {
    let [page, limit] = parameters(request.query_string(), ["page", "limit"])?;
    let mut problems = Vec::new();
    let mut number = |name: &str, text: Option<String>, usual: u32, max: u32| {
        let Some(text) = text else { return usual };
        let number = text.parse().ok().filter(|number| (1..=max).contains(number));
        number.unwrap_or_else(|| {
            problems.push(no_number(name, max));
            usual
        })
    };
    let found = (number("page", page, 1, u32::MAX), number("limit", limit, usual, max));
    if problems.is_empty() { Ok(found) } else { Err(ApiError::invalid_query(problems)) }
}

fn no_number(name: &str, max: u32) -> Problem {
    let message = format!("'{name}' must be a whole number from 1 to {max}");
    Problem { field: name.to_owned(), code: "Invalid".to_owned(), message }
}
