//! `ListQuery`: what a list request asks for, checked and bounded.

use sea_orm::Value;

use crate::access::FieldSet;
use crate::http::ApiError;
use crate::resource::ModelMeta;

/// A parsed, bounded query whose fields were all checked against the Scope. Interceptors may narrow it.
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) filters: Vec<Filter>,
    /// Never empty once parsed: the id comes last, so that pages are stable.
    pub(crate) sort: Vec<(usize, Direction)>,
    pub(crate) page: u32,
    pub(crate) limit: u32,
    /// Fields to answer with.
    pub(crate) fields: FieldSet,
}

/// One column equals one value; `None` is null.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub(crate) field: usize,
    pub(crate) value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl ListQuery {
    /// Keeps only rows whose field has this value. `field` is the JSON name.
    ///
    /// # Errors
    /// 500 when the model has no such field: a mistake in the interceptor.
    pub fn narrow(&mut self, field: &str, value: impl Into<Value>) -> Result<&mut Self, ApiError> {
        let field = self
            .meta
            .field_index(field)
            .ok_or_else(|| ApiError::internal(format!("{} has no field {field}", self.meta.name)))?;
        self.filters.push(Filter { field, value: Some(value.into()) });
        Ok(self)
    }

    pub fn page(&self) -> u32 {
        self.page
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }

    pub(crate) fn offset(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}
