//! Stage 2 for the eight operations of one model: dispatches by path and method to an `Endpoint`.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::endpoint::{Endpoint, serve, serve_restore};
use super::pace::Pace;
use crate::error::ApiError;
use crate::http::method_not_allowed;
use crate::meta::{ModelMeta, Operation};
use crate::rest::AppState;

const COLLECTION: [(&str, Operation); 2] = [("GET", Operation::FindMany), ("POST", Operation::CreateOne)];
const BULK: [(&str, Operation); 3] =
    [("POST", Operation::CreateMany), ("PATCH", Operation::UpdateMany), ("DELETE", Operation::DeleteMany)];
const ROW: [(&str, Operation); 3] =
    [("GET", Operation::FindOne), ("PATCH", Operation::UpdateOne), ("DELETE", Operation::DeleteOne)];

/// Mounts every model below the API's prefix. A disabled operation answers like a method that the path does not
/// support. The first part of the path selects the model, so that the paths of other models are not compared.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    for (model, meta) in state.core.models.iter().map(|model| (model.position, model.meta)) {
        config.service(web::scope(&format!("/{}", meta.path)).configure(|config| {
            mount(config, state, model, "", &COLLECTION);
            // Before the path of a row, because `{id}` would match `many`.
            mount(config, state, model, "/many", &BULK);
            mount(config, state, model, "/{id}", &ROW);
            if meta.soft_delete {
                mount_restore(config, state, model);
            }
        }));
    }
}

fn mount_restore(config: &mut web::ServiceConfig, state: &AppState, model: usize) {
    let (core, auth) = (state.core.clone(), state.auth.clone());
    config.service(web::resource("/{id}/restore").to(move |request: HttpRequest| {
        let (core, auth) = (core.clone(), auth.clone());
        async move {
            match request.method().as_str() {
                "POST" => serve_restore(&core, auth.as_deref(), model, &request).await,
                _ => Err(method_not_allowed("POST")),
            }
        }
    }));
}

fn mount(
    config: &mut web::ServiceConfig,
    state: &AppState,
    model: usize,
    path: &str,
    methods: &[(&'static str, Operation)],
) {
    let meta = state.core.models[model].meta;
    let enabled = |operation| meta.route(operation).is_none_or(|route| !route.disabled);
    let endpoints = methods.iter().filter(|(_, operation)| enabled(*operation)).map(|(method, operation)| {
        let limit = state.route_limit(&limit_name(meta, *operation));
        Endpoint {
            method,
            core: state.core.clone(),
            auth: state.auth.clone(),
            model,
            operation: *operation,
            limit,
            pace: Pace::default(),
        }
    });
    let endpoints: Rc<[Endpoint]> = endpoints.collect();
    config.service(
        web::resource(path)
            .to(move |request: HttpRequest, payload: web::Payload| dispatch(endpoints.clone(), request, payload)),
    );
}

/// The name of a route's own rate limit: `posts.CreateOne`.
pub(crate) fn limit_name(meta: &ModelMeta, operation: Operation) -> String {
    format!("{}.{operation:?}", meta.path)
}

async fn dispatch(
    endpoints: Rc<[Endpoint]>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    // HEAD is GET without the body, which the server leaves out.
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    match endpoints.iter().find(|endpoint| endpoint.method == method) {
        Some(endpoint) => serve(endpoint, &request, payload).await,
        None => {
            let allowed: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.method).collect();
            Err(method_not_allowed(&allowed.join(", ")))
        }
    }
}
