//! Stage 1: processing of every request before routing, and of every answer.
//!
//! From the outside in: the frame (request id, client address, log line, security headers, error format), CORS, the
//! global limit, the limit on requests in flight, compression. CORS wraps the limits, so that a page can read a 429
//! or 503; preflights, which CORS answers, are counted before it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::ACCESS_CONTROL_REQUEST_METHOD;
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse};
use tracing::Instrument;

use super::client_address::{Client, client};
use super::cors::cors;
use super::error_form::in_error_form;
use super::error_format::{ErrorFormats, WriteError};
use super::load::{Load, LoadedBody, RequestLoad};
use super::request_id::RequestId;
use super::response::Cause;
use super::{access_log, headers, probe};
use crate::error::ApiError;
use crate::limit::{LimitKey, RateLimits};
use crate::model::AnswerMemory;
use crate::settings::Proxies;
use crate::stopping::Stopping;

/// The settings and shared state of stage 1. Created once and cloned for every worker.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) proxies: Arc<Proxies>,
    /// Whether the public URL of the application uses TLS.
    pub(crate) public_by_tls: bool,
    pub(crate) limits: Arc<RateLimits>,
    /// `AppMeta::cors`
    pub(crate) origins: &'static [&'static str],
    pub(crate) formats: ErrorFormats,
    pub(crate) load: Load,
    /// Once the server is stopping, answers ask clients to close their connections.
    pub(crate) stopping: Stopping,
}

/// Wraps an application in stage 1. Services may be mounted before or after; middleware that is wrapped later runs
/// outside, so its answers lack the headers of the frame.
///
/// A request then carries `RequestId` and `Client` in its extensions.
pub(crate) fn transport<T, B>(
    app: App<T>,
    transport: &Transport,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<T, B>>,
        Error = Error,
        InitError = (),
    > + use<T, B>,
>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    let (limits, preflights) = (Arc::clone(&transport.limits), Arc::clone(&transport.limits));
    let arriving = Arc::new(transport.clone());
    app.wrap(Compress::default())
        .wrap(from_fn(admitted))
        .wrap(from_fn(move |req, next| limited(Arc::clone(&limits), req, next)))
        .wrap(cors(transport.origins))
        .wrap(from_fn(move |req, next| preflight_limited(Arc::clone(&preflights), req, next)))
        .wrap(from_fn(move |req, next| frame(Arc::clone(&arriving), req, next)))
}

/// The data of a request that are known on arrival.
struct Arrival {
    id: RequestId,
    started: Instant,
    by_tls: bool,
    write_error: WriteError,
}

impl Arrival {
    fn of(req: &ServiceRequest, transport: &Transport) -> Rc<Self> {
        let id = RequestId::of(req.headers());
        let client = client(req.request(), &transport.proxies);
        let mut extensions = req.extensions_mut();
        extensions.insert(id.clone());
        extensions.insert(client);
        // The decoded path, as in routing: `/%61uth/login` is a path of that surface, too.
        let write_error = transport.formats.of(req.match_info().as_str());
        let by_tls = client.tls || transport.public_by_tls;
        Rc::new(Self { id, started: Instant::now(), by_tls, write_error })
    }

    fn span(&self) -> tracing::Span {
        tracing::info_span!("request", id = self.id.as_str())
    }

    /// Puts errors into the format of the path, and sets the headers that every answer has.
    fn complete<B: MessageBody + 'static>(&self, response: HttpResponse<B>) -> HttpResponse<EitherBody<B>> {
        let mut response = in_error_form(response, &self.id, self.write_error);
        self.id.announce(response.headers_mut());
        headers::secure(response.headers_mut(), self.by_tls);
        response
    }

    fn log<B>(&self, req: &HttpRequest, response: &mut HttpResponse<B>, load: &RequestLoad) {
        let (status, cause) = (response.status().as_u16(), response.extensions_mut().remove::<Cause>());
        if load.was_refused() {
            access_log::write_refused(req, status, &self.id, self.started);
        } else {
            access_log::write(req, status, cause, &self.id, self.started);
        }
    }
}

async fn frame<B: MessageBody + 'static>(
    transport: Arc<Transport>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<LoadedBody<EitherBody<B>>>, Error> {
    let arrival = Arrival::of(&req, &transport);
    let load = transport.load.arrive();
    req.extensions_mut().insert(load.clone());
    match next.call(req).instrument(arrival.span()).await {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let mut response = arrival.complete(response);
            if transport.stopping.has_begun() {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            arrival.log(&request, &mut response, &load);
            load.release_body();
            // A slow reader of its answer must not occupy a slot.
            load.leave();
            if !response.status().is_success() {
                load.keep_answer(0);
            }
            // The connection may keep the request, and its extensions, until its next request.
            request.extensions_mut().remove::<Rc<RequestLoad>>();
            Ok(ServiceResponse::new(request, response.map_body(|_, body| LoadedBody::new(body, load))))
        }
        Err(error) => Err(undelivered(&arrival, error)),
    }
}

/// Answers for an inner middleware that returned an error instead of a response. The request is lost with it, so the
/// log line has fewer fields; the client sees no difference.
fn undelivered(arrival: &Arrival, error: Error) -> Error {
    let cause = error.to_string();
    let response = arrival.complete(HttpResponse::from_error(error)).map_into_boxed_body();
    tracing::error!(
        target: "gable::request",
        status = response.status().as_u16(),
        request_id = arrival.id.as_str(),
        cause,
    );
    InternalError::from_response("already answered", response).into()
}

/// Refuses a request if too many are in flight.
async fn admitted<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let load = RequestLoad::of(req.request()).filter(|_| !probe::is_probe(req.path()));
    let entered = match load {
        Some(load) => load.enter().await,
        None => Ok(()),
    };
    match entered {
        Ok(()) => next.call(req).await.map(ServiceResponse::map_into_left_body),
        Err(busy) => Ok(refused(req, busy)),
    }
}

/// Creates the response of a refused request. `into_response` would lose the error, which the frame writes in the
/// format of the path.
fn refused<B>(req: ServiceRequest, error: ApiError) -> ServiceResponse<EitherBody<B>> {
    ServiceResponse::new(req.into_parts().0, HttpResponse::from_error(error)).map_into_right_body()
}

async fn limited<B: MessageBody + 'static>(
    limits: Arc<RateLimits>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // Probes are never limited: a 429 would take a healthy node out of the load balancer.
    if probe::is_probe(req.path()) {
        return next.call(req).await.map(ServiceResponse::map_into_left_body);
    }
    let key = client_key(&req);
    let Some(decision) = limits.check_global(&key).await else {
        return next.call(req).await.map(ServiceResponse::map_into_left_body);
    };
    if !decision.allowed {
        return Ok(refused(req, decision.refusal()));
    }
    let mut response = next.call(req).await?;
    decision.announce(response.headers_mut());
    Ok(response.map_into_left_body())
}

/// Counts preflights towards the limit, because CORS answers them before the limit of other requests applies.
async fn preflight_limited<B: MessageBody + 'static>(
    limits: Arc<RateLimits>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if req.method() == Method::OPTIONS && req.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return limited(limits, req, next).await;
    }
    next.call(req).await.map(ServiceResponse::map_into_left_body)
}

fn client_key(req: &ServiceRequest) -> LimitKey {
    let address = req.extensions().get::<Client>().map(|client| client.address);
    LimitKey::client(address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into()))
}

#[cfg(test)]
mod tests;
