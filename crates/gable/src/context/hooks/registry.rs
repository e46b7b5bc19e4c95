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
    pub(crate) fn is_empty(&self, slot: impl Slot, moment: HookPhase) -> bool {
        self.list(slot, moment).is_empty()
    }

    /// Runs a list in the order of registration; the first error ends it.
    pub(crate) async fn run(
        &self,
        slot: impl Slot,
        moment: HookPhase,
        ctx: &mut Context<'_>,
        value: &mut dyn Any,
    ) -> Result<(), ApiError> {
        for hook in self.list(slot, moment) {
            ctx.ran_interceptors = true;
            hook.call(ctx, value).await?;
        }
        Ok(())
    }

    pub(super) fn add<T: 'static>(&mut self, slot: impl Slot, moment: HookPhase, hook: impl Hook<T>) {
        let place = slot.place();
        if self.lists.len() <= place {
            self.lists.resize_with(place + 1, Default::default);
        }
        self.lists[place][moment as usize].push(Box::new(Typed::<T, _>::new(hook)));
    }

    fn list(&self, slot: impl Slot, moment: HookPhase) -> &[Box<dyn AnyHook>] {
        self.lists.get(slot.place()).map_or(&[], |moments| &moments[moment as usize])
    }
}

/// The interceptors of model `R`, registered by chained calls. "Before" interceptors may change the input, "after"
/// interceptors the result; both run inside the operation's transaction, and an error from either rolls it back.
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
    ($($(#[$doc:meta])* $name:ident($slot:expr, $moment:ident): $value:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&mut self, hook: impl $crate::context::hooks::Hook<$value>) -> &mut Self {
                self.table.add::<$value>($slot, $crate::context::hooks::HookPhase::$moment, hook);
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
        /// Receives the parsed query, which it may narrow.
        before_find_many(Operation::FindMany, Before): ListQuery;
        /// Receives the rows of the page.
        after_find_many(Operation::FindMany, After): Vec<R>;
        on_find_many_error(Operation::FindMany, Error): ApiError;

        /// Receives the id in the request.
        before_find_one(Operation::FindOne, Before): R::Id;
        after_find_one(Operation::FindOne, After): R;
        on_find_one_error(Operation::FindOne, Error): ApiError;

        /// Receives the validated input.
        before_create_one(Operation::CreateOne, Before): R::Create;
        /// Receives the new row.
        after_create_one(Operation::CreateOne, After): R;
        on_create_one_error(Operation::CreateOne, Error): ApiError;

        /// Receives the validated input; `ctx.target::<R>()` is the id of the row.
        before_update_one(Operation::UpdateOne, Before): R::Update;
        after_update_one(Operation::UpdateOne, After): R;
        on_update_one_error(Operation::UpdateOne, Error): ApiError;

        /// Receives the id of the row.
        before_delete_one(Operation::DeleteOne, Before): R::Id;
        /// Receives the deleted row.
        after_delete_one(Operation::DeleteOne, After): R;
        on_delete_one_error(Operation::DeleteOne, Error): ApiError;

        /// Receives the whole batch.
        before_create_many(Operation::CreateMany, Before): Vec<R::Create>;
        after_create_many(Operation::CreateMany, After): Vec<R>;
        on_create_many_error(Operation::CreateMany, Error): ApiError;

        /// Receives the validated input; `ctx.query_mut()` is the filter.
        before_update_many(Operation::UpdateMany, Before): R::Update;
        after_update_many(Operation::UpdateMany, After): Vec<R>;
        on_update_many_error(Operation::UpdateMany, Error): ApiError;

        /// Receives the filter, which it may narrow.
        before_delete_many(Operation::DeleteMany, Before): ListQuery;
        /// Receives the deleted rows.
        after_delete_many(Operation::DeleteMany, After): Vec<R>;
        on_delete_many_error(Operation::DeleteMany, Error): ApiError;
    }
}
