//! Values of interceptors, one per type.

use std::any::{Any, TypeId};
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Locals(HashMap<TypeId, Box<dyn Any>>);

impl Locals {
    pub(super) fn get<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }

    pub(super) fn set<T: 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }
}
