//! The eight operations over HTTP: stages 3 to 10 in their order.

use std::any::Any;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::restore::restore;
use super::{
    create_many, create_one, delete_many, delete_one, find_many, find_one, read_body, update_many, update_one, version,
};
use crate::access::{FieldSet, Principal, Scope};
use crate::auth::{authenticate, authorize};
use crate::context::Context;
use crate::core::{Core, Model};
use crate::hooks::Moment;
use crate::http::{ApiError, json_response, list, object, read_array, read_object, set_header};
use crate::input::Problem;
use crate::limit::RouteLimit;
use crate::query::{self, ListQuery};
use crate::resource::{Id, IdKind, Operation};

/// Where a request was routed to.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) core: Arc<Core>,
    pub(super) model: usize,
    pub(super) operation: Operation,
    pub(super) limit: RouteLimit,
}

pub(super) async fn serve(
    endpoint: &Endpoint,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let passed = endpoint.limit.pass(request).await?;
    let core = &endpoint.core;
    let exchange = Exchange { core, model: &core.models[endpoint.model], operation: endpoint.operation, request };
    passed.announce(exchange.answer(&mut payload).await)
}

/// `POST /readings/{id}/restore`: the one operation that only some models have. No interceptors stand around it.
pub(super) async fn serve_restore(
    core: &Arc<Core>,
    model: usize,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let model = &core.models[model];
    let restoring = model.meta.actions.iter().find(|action| action.action == "Restore");
    let restoring = restoring.ok_or_else(|| ApiError::internal("nothing is ever restored here"))?;
    let mut ctx = Context::new(core, Principal::Anonymous, Some(request));
    authenticate(&mut ctx, request).await?;
    let scope = authorize(&mut ctx, model, restoring).await?;
    let exchange = Exchange { core, model, operation: Operation::UpdateOne, request };
    let (id, fields) = (exchange.id()?, exchange.fields(&scope)?);
    ctx.begin().await?;
    let record = restore(&mut ctx, model, &scope, id).await?;
    ctx.commit().await?;
    Ok(json_response(StatusCode::OK, exchange.data(record.as_ref(), &fields)))
}

struct Exchange<'a> {
    core: &'a Arc<Core>,
    model: &'a Model,
    operation: Operation,
    request: &'a HttpRequest,
}

impl<'a> Exchange<'a> {
    /// Stages 3 and 4; nothing later runs for a request that they refuse, interceptors included.
    async fn answer(&self, payload: &mut web::Payload) -> Result<HttpResponse, ApiError> {
        let mut ctx = Context::new(self.core, Principal::Anonymous, Some(self.request));
        authenticate(&mut ctx, self.request).await?;
        let scope = authorize(&mut ctx, self.model, self.operation.action(self.model.meta)).await?;
        match self.operate(&mut ctx, &scope, payload).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(&mut ctx, error).await),
        }
    }

    /// Undoes the write, and lets the error interceptors see why; they may replace the error.
    async fn failed(&self, ctx: &mut Context<'_>, mut error: ApiError) -> ApiError {
        ctx.roll_back().await;
        match self.model.hooks.run(self.operation, Moment::Error, ctx, &mut error).await {
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
        let query = query::parse(self.model.meta, scope, self.core.app.query, self.request.query_string())?;
        let page = find_many(ctx, self.model, scope, query).await?;
        Ok(json_response(StatusCode::OK, list::page(self.model.resource.as_ref(), &page)))
    }

    async fn find_one(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let (id, fields) = (self.id()?, self.fields(scope)?);
        let record = find_one(ctx, self.model, scope, id).await?;
        Ok(self.versioned(ctx, json_response(StatusCode::OK, self.data(record.as_ref(), &fields))))
    }

    async fn create_one(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let fields = self.fields(scope)?;
        let body = read_object(self.request, payload, self.core.app.body_limit).await?;
        let input = read_body::read_create(ctx, self.model, scope.write, body)?;
        ctx.begin().await?;
        let record = create_one(ctx, self.model, scope, input).await?;
        ctx.commit().await?;
        let (api, path, id) = (self.core.app.api, self.model.meta.path, self.model.resource.id(record.as_ref()));
        let mut response = json_response(StatusCode::CREATED, self.data(record.as_ref(), &fields));
        set_header(&mut response, "Location", &format!("{api}/{path}/{id}"));
        Ok(self.versioned(ctx, response))
    }

    async fn update_one(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let (id, fields) = (self.id()?, self.fields(scope)?);
        let body = read_object(self.request, payload, self.core.app.body_limit).await?;
        let input = read_body::read_update(ctx, self.model, scope.write, body)?;
        ctx.begin().await?;
        version::check(ctx, self.model, scope, id, self.request).await?;
        let record = update_one(ctx, self.model, scope, id, input).await?;
        ctx.commit().await?;
        Ok(self.versioned(ctx, json_response(StatusCode::OK, self.data(record.as_ref(), &fields))))
    }

    async fn delete_one(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let id = self.id()?;
        query::no_parameters(self.request)?;
        ctx.begin().await?;
        version::check(ctx, self.model, scope, id, self.request).await?;
        delete_one(ctx, self.model, scope, id).await?;
        ctx.commit().await?;
        Ok(HttpResponse::NoContent().finish())
    }

    async fn create_many(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let fields = self.fields(scope)?;
        let bodies = read_array(self.request, payload, self.core.app.body_limit).await?;
        let max = self.core.app.query.max_bulk as usize;
        if bodies.is_empty() || bodies.len() > max {
            return Err(ApiError::bad_request("InvalidRequestBody", format!("The body must hold 1 to {max} elements")));
        }
        let inputs = read_body::read_creates(ctx, self.model, scope.write, bodies)?;
        ctx.begin().await?;
        let records = create_many(ctx, self.model, scope, inputs).await?;
        ctx.commit().await?;
        Ok(self.results(StatusCode::CREATED, records.as_ref(), &fields))
    }

    async fn update_many(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, ApiError> {
        let query = self.filter(scope)?;
        let fields = query.fields;
        let body = read_object(self.request, payload, self.core.app.body_limit).await?;
        let input = read_body::read_update(ctx, self.model, scope.write, body)?;
        ctx.begin().await?;
        let records = update_many(ctx, self.model, scope, query, input).await?;
        ctx.commit().await?;
        Ok(self.results(StatusCode::OK, records.as_ref(), &fields))
    }

    async fn delete_many(&self, ctx: &mut Context<'_>, scope: &Scope) -> Result<HttpResponse, ApiError> {
        let query = self.filter(scope)?;
        let fields = query.fields;
        ctx.begin().await?;
        let records = delete_many(ctx, self.model, scope, query).await?;
        ctx.commit().await?;
        Ok(self.results(StatusCode::OK, records.as_ref(), &fields))
    }

    /// The filter of a bulk write, without which nothing is written.
    fn filter(&self, scope: &Scope) -> Result<ListQuery, ApiError> {
        let query = query::parse_filter(self.model.meta, scope, self.core.app.query, self.request.query_string())?;
        if query.filters.is_empty() {
            return Err(ApiError::bad_request("MissingFilterCriteria", "A bulk write needs at least one filter"));
        }
        Ok(query)
    }

    fn fields(&self, scope: &Scope) -> Result<FieldSet, ApiError> {
        match self.request.query_string() {
            "" => Ok(scope.read),
            text => query::parse_fields(self.model.meta, scope, text),
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
                code: "IdTypeConstraint".to_owned(),
                message: format!("'id' must be {expected}"),
            }])
        })
    }

    /// Names the version of the row that was answered with.
    fn versioned(&self, ctx: &mut Context<'_>, mut response: HttpResponse) -> HttpResponse {
        if let Some(version) = ctx.version.take() {
            set_header(&mut response, "ETag", &version);
        }
        response
    }

    fn data(&self, record: &dyn Any, fields: &FieldSet) -> Vec<u8> {
        let mut body = b"{\"data\":".to_vec();
        object(self.model.resource.as_ref(), record, fields, &mut body);
        body.push(b'}');
        body
    }

    fn results(&self, status: StatusCode, records: &dyn Any, fields: &FieldSet) -> HttpResponse {
        json_response(status, list::results(self.model.resource.as_ref(), records, fields))
    }
}
