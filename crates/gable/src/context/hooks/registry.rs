//! The lists of interceptors: untyped tables, and the typed interface for one model.

use std::any::Any;
use std::marker::PhantomData;

use super::hook::{AnyHook, Hook, Typed};
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::Resource;
use crate::query::ListQuery;

/// When an interceptor runs, relative to its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HookPhase {
    Before,
    After,
    Error,
}

/// Implemented by the operations and stages that can be intercepted.
pub(crate) trait Slot: Copy {
    /// Returns its index in the table of interceptors.
    fn place(self) -> usize;
}

impl Slot for Operation {
    fn place(self) -> usize {
        self as usize
    }
}

/// Untyped interceptors by slot and phase. Empty lists cost nothing per request.
#[derive(Default)]
pub(crate) struct HookTable {
    lists: Vec<[Vec<Box<dyn AnyHook>>; 3]>,
}

impl HookTable {
    pub(crate) fn is_empty(&self, slot: impl Slot, phase: HookPhase) -> bool {
        self.list(slot, phase).is_empty()
    }

    /// Runs a list in the order of registration; the first error ends it.
    pub(crate) async fn run(
        &self,
        slot: impl Slot,
        phase: HookPhase,
        ctx: &mut Context<'_>,
        value: &mut dyn Any,
    ) -> Result<(), ApiError> {
        for hook in self.list(slot, phase) {
            ctx.confirm_if_checked().await?;
            ctx.ran_interceptors = true;
            hook.call(ctx, value).await?;
        }
        Ok(())
    }

    pub(super) fn add<T: 'static>(&mut self, slot: impl Slot, phase: HookPhase, hook: impl Hook<T>) {
        let place = slot.place();
        if self.lists.len() <= place {
            self.lists.resize_with(place + 1, Default::default);
        }
        self.lists[place][phase as usize].push(Box::new(Typed::<T, _>::new(hook)));
    }

    fn list(&self, slot: impl Slot, phase: HookPhase) -> &[Box<dyn AnyHook>] {
        self.lists.get(slot.place()).map_or(&[], |phases| &phases[phase as usize])
    }
}

/// The interceptors of model `R`, registered by chained calls.
///
/// | kind | runs | may |
/// |---|---|---|
/// | `before_…` | after authorization and validation, before the operation | change the input, or refuse the request |
/// | `after_…` | after the operation, before the response is written | change the response, or fail |
/// | `on_…_error` | after validation, an interceptor or the operation failed, and after the rollback | change the error, or return another one |
///
/// Interceptors of one kind run in the order of their registration; the first error ends the list. In operations that
/// write, before and after interceptors run inside the transaction, and an error from any of them rolls it back.
/// Interceptors of one row do not run for operations on many rows, which have their own.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::{CreatePost, Post, PostHooks};
/// use gable::{ApiError, Context};
///
/// fn install(post: &mut PostHooks) {
///     post.before_create_one(require_subtitle).after_create_one(log_post).on_create_one_error(explain_taken_slug);
/// }
///
/// async fn require_subtitle(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
///     match &post.subtitle {
///         Some(_) => Ok(()),
///         None => Err(ApiError::bad_request("SubtitleMissing", "A post needs a subtitle")),
///     }
/// }
///
/// async fn log_post(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
///     let id = post.id;
///     ctx.after_commit(async move { tracing::info!(%id, "a new post") });
///     Ok(())
/// }
///
/// async fn explain_taken_slug(_: &mut Context<'_>, error: &mut ApiError) -> Result<(), ApiError> {
///     match error.code() {
///         "PostSlugUniqueConstraint" => Err(ApiError::conflict(error.code(), "There is a post of this name already")),
///         _ => Ok(()),
///     }
/// }
/// ```
pub struct Hooks<R> {
    table: HookTable,
    model: PhantomData<fn() -> R>,
}

impl<R> Default for Hooks<R> {
    fn default() -> Self {
        Self { table: HookTable::default(), model: PhantomData }
    }
}

/// Defines a registration method from its name, operation, phase and argument type.
macro_rules! registrations {
    ($($(#[$doc:meta])* $name:ident($slot:expr, $phase:ident): $value:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&mut self, hook: impl $crate::context::hooks::Hook<$value>) -> &mut Self {
                self.table.add::<$value>($slot, $crate::context::hooks::HookPhase::$phase, hook);
                self
            }
        )*
    };
}
pub(super) use registrations;

impl<R: Resource> Hooks<R> {
    pub(crate) fn into_table(self) -> HookTable {
        self.table
    }

    registrations! {
        /// Runs before rows are listed. Receives the parsed query, which it may narrow.
        before_find_many(Operation::FindMany, Before): ListQuery;
        /// Runs after rows were listed. Receives the rows of the page.
        after_find_many(Operation::FindMany, After): Vec<R>;
        /// Runs if a list request failed.
        on_find_many_error(Operation::FindMany, Error): ApiError;

        /// Runs before a row is read. Receives the id in the request.
        before_find_one(Operation::FindOne, Before): R::Id;
        /// Runs after a row was read. Receives the row.
        after_find_one(Operation::FindOne, After): R;
        /// Runs if reading a row failed.
        on_find_one_error(Operation::FindOne, Error): ApiError;

        /// Runs before a row is created. Receives the validated input.
        before_create_one(Operation::CreateOne, Before): R::Create;
        /// Runs after a row was created. Receives the new row.
        after_create_one(Operation::CreateOne, After): R;
        /// Runs if creating a row failed.
        on_create_one_error(Operation::CreateOne, Error): ApiError;

        /// Runs before a row is updated. Receives the validated input; [`Context::target`] returns the id of the row.
        before_update_one(Operation::UpdateOne, Before): R::Update;
        /// Runs after a row was updated. Receives the row with its new values.
        after_update_one(Operation::UpdateOne, After): R;
        /// Runs if updating a row failed.
        on_update_one_error(Operation::UpdateOne, Error): ApiError;

        /// Runs before a row is deleted. Receives the id of the row.
        before_delete_one(Operation::DeleteOne, Before): R::Id;
        /// Runs after a row was deleted. Receives the deleted row.
        after_delete_one(Operation::DeleteOne, After): R;
        /// Runs if deleting a row failed.
        on_delete_one_error(Operation::DeleteOne, Error): ApiError;

        /// Runs before rows are created by one request. Receives the validated inputs of all rows.
        before_create_many(Operation::CreateMany, Before): Vec<R::Create>;
        /// Runs after rows were created by one request. Receives the new rows.
        after_create_many(Operation::CreateMany, After): Vec<R>;
        /// Runs if creating rows by one request failed.
        on_create_many_error(Operation::CreateMany, Error): ApiError;

        /// Runs before all rows that match a filter are updated. Receives the validated input; [`Context::query_mut`]
        /// returns the filter.
        before_update_many(Operation::UpdateMany, Before): R::Update;
        /// Runs after all rows that match a filter were updated. Receives the rows with their new values.
        after_update_many(Operation::UpdateMany, After): Vec<R>;
        /// Runs if updating the rows that match a filter failed.
        on_update_many_error(Operation::UpdateMany, Error): ApiError;

        /// Runs before all rows that match a filter are deleted. Receives the filter, which it may narrow.
        before_delete_many(Operation::DeleteMany, Before): ListQuery;
        /// Runs after all rows that match a filter were deleted. Receives the deleted rows.
        after_delete_many(Operation::DeleteMany, After): Vec<R>;
        /// Runs if deleting the rows that match a filter failed.
        on_delete_many_error(Operation::DeleteMany, Error): ApiError;
    }
}
