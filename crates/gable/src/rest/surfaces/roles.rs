//! Routes for managing roles: list the actions of the schema, and explain why an account may or may not perform one.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::access::{CatalogueEntry, Principal, explain};
use crate::auth::{Auth, authenticate};
use crate::context::hooks::Authorization;
use crate::context::{Context, Core, authorize_by};
use crate::error::{ApiError, Problem};
use crate::http::{get_only, json_response};
use crate::meta::{IdKind, Who};
use crate::model::Id;
use crate::query::{no_parameters, parameters};
use crate::rest::AppState;

/// The permission to explain the rights of other accounts.
const EXPLAIN: Authorization = Authorization { resource: "auth-permission", action: "Explain" };
/// Reading the list of actions. Not a permission of a model: every account may, unless an interceptor refuses.
const ACTIONS: Authorization = Authorization { resource: "auth-action", action: "View" };

/// Mounts `/auth-actions`, `/auth-actions/{resource}` and `/auth-permissions/explain` inside the API's prefix.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    let Some(auth) = &state.auth else { return };
    let served = Served { core: state.core.clone(), auth: auth.clone() };
    let (actions, of_resource, explanations) = (served.clone(), served.clone(), served);
    config
        .service(get_only("/auth-actions", move |request| auth_actions(actions.clone(), request)))
        .service(get_only("/auth-actions/{resource}", move |request| resource_actions(of_resource.clone(), request)))
        .service(get_only("/auth-permissions/explain", move |request| explanation(explanations.clone(), request)));
}

/// The state that these routes need.
#[derive(Clone)]
struct Served {
    core: Arc<Core>,
    auth: Arc<Auth>,
}

/// Lists every (resource, action) pair with the roles that the YAML grants it to. Needs a log-in.
async fn auth_actions(served: Served, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    may_read_actions(&served, &request).await?;
    Ok(listed(&served.core.catalogue.iter().map(action).collect::<Vec<_>>()))
}

/// Lists the actions of one resource. Needs a log-in. 404 for an unknown resource.
async fn resource_actions(served: Served, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    may_read_actions(&served, &request).await?;
    let resource = request.match_info().query("resource");
    let actions: Vec<Value> =
        served.core.catalogue.iter().filter(|entry| entry.meta.resource == resource).map(action).collect();
    if actions.is_empty() { Err(ApiError::not_found("AuthAction")) } else { Ok(listed(&actions)) }
}

/// Runs stages 3 and 4 for both lists, and refuses query parameters.
async fn may_read_actions(served: &Served, request: &HttpRequest) -> Result<(), ApiError> {
    let mut ctx = Context::new(&served.core, Principal::Anonymous, Some(request));
    authenticate(&mut ctx, Some(&served.auth), request).await?;
    authorize_by(&mut ctx, ACTIONS, |ctx| ctx.principal.require().map(drop)).await?;
    no_parameters(request.query_string())
}

fn listed(actions: &[Value]) -> HttpResponse {
    answer(&json!({ "total": actions.len(), "results": actions.len(), "data": actions }))
}

fn action(entry: &CatalogueEntry) -> Value {
    let (model, action) = (entry.meta.name, entry.action.action);
    let roles = entry.action.rules.iter().flat_map(|rule| match rule.who {
        Who::Public => vec!["public"],
        Who::Authenticated => vec!["authenticated"],
        Who::Roles(roles) => roles.to_vec(),
    });
    json!({
        "resource": entry.meta.resource,
        "action": action,
        "name": format!("{action} {model}"),
        "description": entry.action.description,
        "roles": roles.collect::<Vec<_>>(),
    })
}

/// Answers `?account=…&resource=…&action=…` with an explanation.
async fn explanation(served: Served, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let Served { core, auth } = &served;
    let mut ctx = Context::new(core, Principal::Anonymous, Some(&request));
    authenticate(&mut ctx, Some(auth), &request).await?;
    authorize_by(&mut ctx, EXPLAIN, may_explain).await?;
    let query = ExplainQuery::read(core, auth, &request)?;
    let found = auth.access.by_account(core.db.reader(), query.account, core.now()).await?;
    let who = found.ok_or_else(|| ApiError::not_found(auth.access.models.account.name))?;
    let model = core.model(query.entry.meta.name).ok_or_else(|| ApiError::internal("a permission without a model"))?;
    let explanation = explain(query.entry, &model.masks, &Principal::Account(who.clone()), &who);
    Ok(answer(&json!({ "data": explanation })))
}

fn may_explain(ctx: &Context<'_>) -> Result<(), ApiError> {
    ctx.principal.require()?;
    let permission = ctx.core.catalogue.find(EXPLAIN.resource, EXPLAIN.action);
    let may = ctx.principal.is_super_user() || permission.is_some_and(|permission| ctx.can(permission));
    if may { Ok(()) } else { Err(ApiError::not_enough_permissions()) }
}

struct ExplainQuery<'a> {
    account: Id,
    entry: &'a CatalogueEntry,
}

impl<'a> ExplainQuery<'a> {
    fn read(core: &'a Core, auth: &Auth, request: &HttpRequest) -> Result<Self, ApiError> {
        let [account, resource, action] = parameters(request.query_string(), ["account", "resource", "action"])?;
        let account = account.and_then(|text| match auth.access.models.account.id {
            IdKind::Uuid => text.parse().map(Id::Uuid).ok(),
            IdKind::Integer => text.parse().map(Id::Integer).ok(),
        });
        let account = account.ok_or_else(|| invalid("account", "'account' must be the id of an account"))?;
        let permission = resource.zip(action).and_then(|(resource, action)| core.catalogue.find(&resource, &action));
        let entry = permission.and_then(|permission| core.catalogue.entry(permission));
        let entry = entry.ok_or_else(|| invalid("action", "'resource' and 'action' must name a permission"))?;
        Ok(Self { account, entry })
    }
}

fn invalid(field: &str, message: &str) -> ApiError {
    ApiError::invalid_query(vec![Problem {
        field: field.to_owned(),
        code: "InvalidParameter".to_owned(),
        message: message.to_owned(),
    }])
}

fn answer(body: &Value) -> HttpResponse {
    json_response(StatusCode::OK, body.to_string().into_bytes())
}
