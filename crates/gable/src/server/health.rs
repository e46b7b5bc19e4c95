//! Health checks for load balancers: whether the process is alive, and whether it can serve requests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::http::get_only;
use crate::http::probe::{LIVE, READY};
use crate::stopping::Stopping;

/// Maximum time of a readiness check; the service counts as not ready after that.
const READINESS_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks whether the application can serve requests, above all whether the database can be reached.
pub(crate) trait Readiness: Send + Sync {
    /// # Errors
    /// The reason why the service is not ready; it is sent to the client.
    fn is_ready(&self) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + '_>>;
}

/// The state of the health routes, created once and cloned for every worker.
#[derive(Clone)]
pub(crate) struct Health {
    readiness: Arc<dyn Readiness>,
    stopping: Stopping,
}

impl Health {
    pub(crate) fn new(readiness: Arc<dyn Readiness>, stopping: Stopping) -> Self {
        Self { readiness, stopping }
    }

    /// Mounts `/health/live` and `/health/ready`.
    pub(crate) fn configure(self, config: &mut web::ServiceConfig) {
        config.service(get_only(LIVE, || async { available() })).service(get_only(READY, move || ready(self.clone())));
    }
}

async fn ready(health: Health) -> HttpResponse {
    // While stopping, the database is not queried: the result is known, and the pool may be closing.
    if health.stopping.has_begun() {
        return unavailable("the server is stopping");
    }
    match tokio::time::timeout(READINESS_TIMEOUT, health.readiness.is_ready()).await {
        Ok(Ok(())) => available(),
        Ok(Err(reason)) => unavailable(reason),
        Err(_) => unavailable("the database does not answer"),
    }
}

fn available() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({ "status": "ok" }))
}

fn unavailable(reason: &str) -> HttpResponse {
    tracing::warn!(reason, "not ready");
    let status = json!({ "status": "unavailable", "reason": reason });
    HttpResponse::ServiceUnavailable().insert_header((CACHE_CONTROL, "no-store")).json(status)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};
    use serde_json::Value;

    use super::*;

    struct Answers(Result<(), &'static str>);

    impl Readiness for Answers {
        fn is_ready(&self) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + '_>> {
            Box::pin(std::future::ready(self.0))
        }
    }

    struct Silent;

    impl Readiness for Silent {
        fn is_ready(&self) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + '_>> {
            Box::pin(std::future::pending())
        }
    }

    async fn ask(readiness: impl Readiness + 'static, stopping: &Stopping, path: &str) -> (u16, Value) {
        let health = Health::new(Arc::new(readiness), stopping.clone());
        let app = test::init_service(App::new().configure(|config| health.configure(config))).await;
        let response = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
        let status = response.status().as_u16();
        (status, test::read_body_json(response).await)
    }

    #[actix_web::test]
    async fn a_service_that_is_ready_says_so() {
        let answer = ask(Answers(Ok(())), &Stopping::default(), "/health/ready").await;
        assert_eq!(answer, (200, json!({ "status": "ok" })));
    }

    #[actix_web::test]
    async fn a_service_without_its_database_is_alive_but_not_ready() {
        let stopping = Stopping::default();
        let no = || Answers(Err("no room"));
        let unavailable = json!({ "status": "unavailable", "reason": "no room" });
        assert_eq!(ask(no(), &stopping, "/health/ready").await, (503, unavailable));
        assert_eq!(ask(no(), &stopping, "/health/live").await.0, 200);
    }

    #[actix_web::test]
    async fn a_service_that_is_stopping_is_not_ready() {
        let stopping = Stopping::default();
        stopping.begin();
        assert_eq!(ask(Answers(Ok(())), &stopping, "/health/ready").await.0, 503);
    }

    #[actix_web::test]
    async fn a_database_that_never_answers_is_not_waited_for() {
        assert_eq!(ask(Silent, &Stopping::default(), "/health/ready").await.0, 503);
    }
}
