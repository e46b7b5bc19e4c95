//! One interceptor, with and without its argument type.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use crate::context::Context;
use crate::error::ApiError;

/// A future without `Send`: a request is processed on one worker thread.
pub(crate) type LocalFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ApiError>> + 'a>>;

/// An interceptor over `T`: any `async fn(&mut Context<'_>, &mut T) -> Result<(), ApiError>`, or an async closure whose
/// parameters have these types. There is no need to implement this trait.
///
/// `T` is determined by the operation and the kind of the interceptor: see the methods of [`Hooks`] and [`AuthHooks`].
/// The future need not be `Send`, because one thread processes a request from beginning to end.
///
/// [`Hooks`]: crate::Hooks
/// [`AuthHooks`]: crate::AuthHooks
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::{PostHooks, UpdatePost};
/// use gable::{ApiError, Context};
///
/// async fn trim_title(_: &mut Context<'_>, post: &mut UpdatePost) -> Result<(), ApiError> {
///     if let Some(title) = post.title.value_mut() {
///         *title = title.trim().to_owned();
///     }
///     Ok(())
/// }
///
/// fn install(post: &mut PostHooks) {
///     post.before_update_one(trim_title).before_delete_one(async |ctx: &mut Context<'_>, _: &mut uuid::Uuid| {
///         ctx.require(api::permission::POST_PUBLISH)
///     });
/// }
/// ```
pub trait Hook<T>: Send + Sync + 'static {
    /// Runs the interceptor. An error ends the operation.
    fn call<'a>(&'a self, ctx: &'a mut Context<'_>, value: &'a mut T) -> LocalFuture<'a>;
}

impl<F, T> Hook<T> for F
where
    F: AsyncFn(&mut Context<'_>, &mut T) -> Result<(), ApiError> + Send + Sync + 'static,
    T: 'static,
{
    fn call<'a>(&'a self, ctx: &'a mut Context<'_>, value: &'a mut T) -> LocalFuture<'a> {
        Box::pin(async move { self(ctx, value).await })
    }
}

/// A `Hook<T>` that takes its argument as `Any`.
pub(crate) trait AnyHook: Send + Sync {
    fn call<'a>(&'a self, ctx: &'a mut Context<'_>, value: &'a mut dyn Any) -> LocalFuture<'a>;
}

/// Wraps a hook with the type of its argument.
pub(crate) struct Typed<T, H> {
    hook: H,
    value: PhantomData<fn(&mut T)>,
}

impl<T, H> Typed<T, H> {
    pub(crate) fn new(hook: H) -> Self {
        Self { hook, value: PhantomData }
    }
}

impl<T: 'static, H: Hook<T>> AnyHook for Typed<T, H> {
    fn call<'a>(&'a self, ctx: &'a mut Context<'_>, value: &'a mut dyn Any) -> LocalFuture<'a> {
        let value = value.downcast_mut().expect("a hook is registered under the slot and phase whose value it takes");
        self.hook.call(ctx, value)
    }
}
