//! Interceptors of the Gazette, one file per model.

mod auth;
mod comment;
mod post;
mod tag;
mod user;

/// Registers every interceptor of the application; called from `main.rs`.
pub(crate) fn install(hooks: &mut api::Hooks) {
    auth::install(&mut hooks.auth);
    comment::install(&mut hooks.comment);
    post::install(&mut hooks.post);
    tag::install(&mut hooks.tag);
    user::install(&mut hooks.user);
}
