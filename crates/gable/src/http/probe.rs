//! The paths that load balancers probe.

pub(crate) const LIVE: &str = "/health/live";
pub(crate) const READY: &str = "/health/ready";

/// Returns true for the path of a probe. No other path is exempt from the limits of stage 1, not even one below
/// `/health/`, which may be the API of an application.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, LIVE | READY)
}
