//! The eight operations over HTTP: stages 3 to 11 in their order.

use std::any::Any;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::{self, Answer};
use super::conditional::{body_version, read_answer};
use super::idempotency::{Body, IdempotencyKey, KeyedBody, Repeatable, Written, once};
use super::pace::Pace;
use crate::access::{Principal, Scope, within_route};
use crate::auth::{Auth, authenticate};
use crate::context::hooks::HookPhase;
use crate::context::{Context, Core, authorize};
use crate::crud::restore::restore;
use crate::crud::transact::transact;
use crate::crud::{
    VersionedRecord, create_many, create_one, delete_many, delete_one, find_many, find_one, read_body, update_many,
    update_one, version,
};
use crate::db::{RawRow, Sharing};
use crate::error::{ApiError, Problem};
use crate::http::{RouteLimit, json_response, read_array, read_object, set_header};
use crate::meta::{FieldSet, IdKind, Operation};
use crate::model::Id;
use crate::model::input::{Form, id_constraint};
use crate::query;
use crate::query::{Included, ListQuery, Model, Preset, QueryParser, Selection, Viewer, object_including};

/// The route that a request matched: its model, operation and rate limit.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) core: Arc<Core>,
    pub(super) auth: Option<Arc<Auth>>,
    pub(super) model: usize,
    pub(super) operation: Operation,
    pub(super) limit: RouteLimit,
    pub(super) pace: Pace,
}

pub(super) async fn serve(
    endpoint: &Endpoint,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let passed = endpoint.limit.pass(request).await?;
    let core = &endpoint.core;
    let (model, operation) = (&core.models[endpoint.model], endpoint.operation);
    let exchange = Exchange { core, model, operation, request, pace: &endpoint.pace };
    passed.announce(exchange.answer(endpoint.auth.as_deref(), &mut payload).await)
}

/// `POST /readings/{id}/restore`, which only models with soft deletion have. Restoring itself runs no interceptors.
pub(super) async fn serve_restore(
    core: &Arc<Core>,
    auth: Option<&Auth>,
    model: usize,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let model = &core.models[model];
    let restoring = model.meta.actions.iter().find(|action| action.action == "Restore");
    let restoring = restoring.ok_or_else(|| ApiError::internal("the model has no action Restore"))?;
    let mut ctx = Context::new(core, Principal::Anonymous, Some(request));
    authenticate(&mut ctx, auth, request).await?;
    let scope = authorize(&mut ctx, model, restoring).await?;
    let exchange = Exchange { core, model, operation: Operation::UpdateOne, request, pace: &Pace::default() };
    let (id, selection) = (exchange.id()?, exchange.selection(&ctx, &scope)?);
    // A body is not read, and does not count when a repeated request is compared with the first.
    let key = IdempotencyKey::of(request)?;
    let written = Written { meta: model.meta, rows: 1 };
    let repeatable =
        key.map(|key| Repeatable::new(&ctx, &scope, request, &key, Body::default(), written)).transpose()?;
    once(&mut ctx, Sharing::Alone, repeatable, (), async |ctx, ()| {
        let record = restore(ctx, model, &scope, id).await?;
        Ok(Answer::new(StatusCode::OK, exchange.data(ctx, record.as_ref(), &selection).await?))
    })
    .await
}

struct Exchange<'a> {
    core: &'a Arc<Core>,
    model: &'a Model,
    operation: Operation,
    request: &'a HttpRequest,
    pace: &'a Pace,
}

impl<'a> Exchange<'a> {
    /// Runs stages 3 and 4. If they refuse the request, nothing later runs, including interceptors.
    async fn answer(&self, auth: Option<&Auth>, payload: &mut web::Payload) -> Result<HttpResponse, ApiError> {
        let mut ctx = Context::new(self.core, Principal::Anonymous, Some(self.request));
        authenticate(&mut ctx, auth, self.request).await?;
        let scope = authorize(&mut ctx, self.model, self.model.meta.action_of(self.operation)).await?;
        let scope = within_route(scope, self.model.meta, self.operation, &ctx.principal);
        match self.operate(&mut ctx, &scope, payload).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(&mut ctx, error).await),
        }
    }

    /// Rolls the write back, then runs the error interceptors, which may replace the error.
    async fn failed(&self, ctx: &mut Context<'_>, mut error: ApiError) -> ApiError {
        ctx.roll_back().await;
        match ctx.core.hooks(self.model).run(self.operation, HookPhase::Error, ctx, &mut error).await {
            Ok(()) => error,
            Err(replaced) => replaced,
        }
    }

    async fn operate(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        match self.operation {
            Operation::FindMany => self.find_many(ctx, scope).await,
            Operation::FindOne => self.find_one(ctx, scope).await,
            Operation::CreateOne => self.create_one(ctx, scope, payload).await,
            Operation::UpdateOne => self.update_one(ctx, scope, payload).await,
            Operation::DeleteOne => self.delete_one(ctx, scope).await,
            Operation::CreateMany => self.create_many(ctx, scope, payload).await,
            Operation::UpdateMany => self.update_many(ctx, scope, payload).await,
            Operation::DeleteMany => self.delete_many(ctx, scope).await,
        }
    }

    async fn find_many(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let query = self.query_parser(ctx, scope).list(self.request.query_string())?;
        let page = find_many(ctx, self.model, scope, query).await?;
        let included = self.included(ctx, &page.query.selection, &page.rows).await?;
        let body = answer::page(self.model.resource.as_ref(), &page, &included, &ctx.answer)?;
        let version = body_version(&self.core.secrets, &body);
        Ok(read_answer(self.request, body, &version))
    }

    async fn find_one(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let (id, selection) = (self.id()?, self.selection(ctx, scope)?);
        let VersionedRecord { record, version } = find_one(ctx, self.model, scope, id).await?;
        let body = self.data(ctx, record.as_ref(), &selection).await?;
        // The version of a row says nothing of included rows, nor of what interceptors change in the answer.
        let is_plain = ctx.core.hooks(self.model).is_empty(self.operation, HookPhase::After);
        if is_plain && selection.includes.is_empty() {
            return Ok(read_answer(self.request, body, &version));
        }
        Ok(versioned(json_response(StatusCode::OK, body), &version))
    }

    async fn create_one(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let (selection, mut payload) = (self.selection(ctx, scope)?, KeyedBody::new(self.request, payload)?);
        let body = read_object(self.request, &mut payload, self.core.app.body_limit).await?;
        let mut draft = read_body::read_draft(ctx, self.model, Form::Create, scope.write, body).await?;
        let repeatable = payload.repeatable(ctx, scope, self.request, Written { meta: self.model.meta, rows: 1 })?;
        draft.is_last = selection.includes.is_empty() && repeatable.is_none();
        once(ctx, self.pace.sharing(), repeatable, draft, async |ctx, draft| {
            let _measuring = self.pace.measure();
            let VersionedRecord { record, version } = create_one(ctx, self.model, scope, draft).await?;
            let (api, path, id) = (self.core.app.api, self.model.meta.path, self.model.resource.id(record.as_ref()));
            let body = self.data(ctx, record.as_ref(), &selection).await?;
            let (location, etag) = (Some(format!("{api}/{path}/{id}")), Some(version));
            Ok(Answer { location, etag, ..Answer::new(StatusCode::CREATED, body) })
        })
        .await
    }

    async fn update_one(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let (id, selection) = (self.id()?, self.selection(ctx, scope)?);
        let body = read_object(self.request, payload, self.core.app.body_limit).await?;
        let mut draft = read_body::read_draft(ctx, self.model, Form::Update, scope.write, body).await?;
        draft.is_last = selection.includes.is_empty();
        let answer = transact(ctx, self.pace.sharing(), draft, async |ctx, draft| {
            let _measuring = self.pace.measure();
            version::check(ctx, self.model, scope, id, self.wanted_versions()).await?;
            let VersionedRecord { record, version } = update_one(ctx, self.model, scope, id, draft).await?;
            Ok((self.data(ctx, record.as_ref(), &selection).await?, version))
        });
        let (body, version) = answer.await?;
        Ok(versioned(json_response(StatusCode::OK, body), &version))
    }

    async fn delete_one(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let id = self.id()?;
        query::no_parameters(self.request.query_string())?;
        let deletion = transact(ctx, Sharing::Alone, (), async |ctx, ()| {
            version::check(ctx, self.model, scope, id, self.wanted_versions()).await?;
            delete_one(ctx, self.model, scope, id).await
        });
        deletion.await?;
        Ok(HttpResponse::NoContent().finish())
    }

    async fn create_many(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let fields = self.own_fields(self.selection(ctx, scope)?)?;
        let mut payload = KeyedBody::new(self.request, payload)?;
        let bodies = read_array(self.request, &mut payload, self.core.app.body_limit).await?;
        let max = self.core.app.query.max_bulk as usize;
        if bodies.len() > max {
            return Err(ApiError::bad_request("InvalidRequestBody", format!("The body must hold 1 to {max} elements")));
        }
        let drafts = read_body::read_drafts(ctx, self.model, scope.write, bodies).await?;
        let written = Written { meta: self.model.meta, rows: drafts.len() };
        let repeatable = payload.repeatable(ctx, scope, self.request, written)?;
        once(ctx, Sharing::Alone, repeatable, drafts, async |ctx, drafts| {
            let records = create_many(ctx, self.model, scope, drafts).await?;
            Ok(Answer::new(StatusCode::CREATED, self.results(ctx, records.as_ref(), &fields)?))
        })
        .await
    }

    async fn update_many(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let query = self.filter(ctx, scope)?;
        let fields = self.own_fields(query.selection.clone())?;
        let body = read_object(self.request, payload, self.core.app.body_limit).await?;
        let input = read_body::read_update(ctx, self.model, scope.write, body)?;
        let body = transact(ctx, Sharing::Alone, (query, input), async |ctx, (query, input)| {
            let records = update_many(ctx, self.model, scope, query, input).await?;
            self.results(ctx, records.as_ref(), &fields)
        });
        Ok(json_response(StatusCode::OK, body.await?))
    }

    async fn delete_many(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let query = self.filter(ctx, scope)?;
        let fields = self.own_fields(query.selection.clone())?;
        let body = transact(ctx, Sharing::Alone, query, async |ctx, query| {
            let records = delete_many(ctx, self.model, scope, query).await?;
            self.results(ctx, records.as_ref(), &fields)
        });
        Ok(json_response(StatusCode::OK, body.await?))
    }

    /// Reads the filter of a bulk write. Refuses a missing filter, and one that keeps every row however it is written.
    fn filter(&self, ctx: &Context<'_>, scope: &Scope) -> Result<ListQuery, ApiError> {
        let query = self.query_parser(ctx, scope).filter(self.request.query_string())?;
        if query.filter.keeps_everything(self.model.meta) {
            return Err(ApiError::bad_request("MissingFilterCriteria", "A bulk write needs at least one filter"));
        }
        Ok(query)
    }

    fn query_parser<'s>(&self, ctx: &'s Context<'_>, scope: &'s Scope) -> QueryParser<'s> {
        let viewer = Viewer::new(&ctx.core.models, &ctx.principal);
        QueryParser {
            viewer,
            secrets: &ctx.core.secrets,
            meta: self.model.meta,
            scope,
            limits: ctx.core.app.query,
            preset: self.preset(),
        }
    }

    fn preset(&self) -> Preset {
        Preset::of(self.model.meta, self.operation)
    }

    fn selection(&self, ctx: &Context<'_>, scope: &Scope) -> Result<Selection, ApiError> {
        match self.request.query_string() {
            "" if !self.preset().limits_fields() => Ok(Selection { fields: scope.read, includes: Vec::new() }),
            text => self.query_parser(ctx, scope).selection(text),
        }
    }

    fn id(&self) -> Result<Id, ApiError> {
        let text = self.request.match_info().query("id");
        let id = match self.model.meta.id {
            IdKind::Uuid => text.parse().map(Id::Uuid).ok(),
            IdKind::Integer => text.parse().map(Id::Integer).ok(),
        };
        id.ok_or_else(|| {
            let expected = if self.model.meta.id == IdKind::Uuid { "a UUID" } else { "an integer" };
            ApiError::invalid_params(vec![Problem {
                field: "id".to_owned(),
                code: format!("Id{}", id_constraint(self.model.meta.id)),
                message: format!("'id' must be {expected}"),
            }])
        })
    }

    /// The versions in `If-Match`; text that is not ASCII names no version.
    fn wanted_versions(&self) -> Option<&str> {
        self.request.headers().get("If-Match").map(|versions| versions.to_str().unwrap_or_default())
    }

    /// Serializes `{ "data": … }`, with the included rows.
    async fn data(&self, ctx: &Context<'_>, record: &dyn Any, selection: &Selection) -> Result<Vec<u8>, ApiError> {
        let resource = self.model.resource.as_ref();
        let rows = match selection.includes.is_empty() {
            true => Vec::new(),
            // Included rows are found by columns of the raw row, which a decoded record does not expose.
            false => ctx.source().all(self.model.sql.by_id(&Scope::system(), resource.id(record))).await?,
        };
        let included = self.included(ctx, selection, &rows).await?;
        let is_read = self.operation == Operation::FindOne;
        let mut body = if is_read || !rows.is_empty() { ctx.answer.buffer() } else { ctx.answer.row_buffer() };
        body.push("{\"data\":");
        object_including(resource, record, &selection.fields, &included, &mut body);
        body.push("}");
        ctx.answer.finish(body)
    }

    async fn included<'s>(
        &'s self,
        ctx: &Context<'_>,
        selection: &'s Selection,
        rows: &[RawRow],
    ) -> Result<Vec<Included<'s>>, ApiError> {
        query::load_included(&self.core.models, (ctx.source(), &ctx.answer), self.model.meta, selection, rows).await
    }

    /// Refuses included relations: a bulk write answers only with the rows that it wrote.
    fn own_fields(&self, selection: Selection) -> Result<FieldSet, ApiError> {
        match selection.includes.first() {
            None => Ok(selection.fields),
            Some(include) => Err(ApiError::invalid_query(vec![Problem {
                field: "fields".to_owned(),
                code: "UnknownField".to_owned(),
                message: format!("'fields' cannot use '{}' in a bulk write", include.relation.name),
            }])),
        }
    }

    fn results(&self, ctx: &Context<'_>, records: &dyn Any, fields: &FieldSet) -> Result<Vec<u8>, ApiError> {
        answer::results(self.model.resource.as_ref(), records, fields, &ctx.answer)
    }
}

/// Sets `ETag` to the version of the returned row.
fn versioned(mut response: HttpResponse, version: &str) -> HttpResponse {
    set_header(&mut response, "ETag", version);
    response
}
