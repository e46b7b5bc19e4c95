//! Writes bodies for `crate::server::fuzzing`, in the way of `endpoint`.

use serde_json::Value;

use crate::context::{Context, authorize};
use crate::crud::read_body::{read_draft, read_drafts};
use crate::crud::{create_many, create_one, update_one};
use crate::error::ApiError;
use crate::meta::{IdKind, Operation};
use crate::model::Id;
use crate::model::input::Form;
use crate::query::Model;

/// The kind of body, and so the operation that reads it.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A new row.
    New,
    /// A list of new rows.
    NewRows,
    /// A change of the row with this id.
    Change(&'a str),
}

/// Writes a body and leaves the transaction open. Returns the id of a single row, `None` for a list.
pub(crate) async fn write(
    ctx: &mut Context<'_>,
    model: &Model,
    body: Body<'_>,
    value: Value,
) -> Result<Option<Id>, ApiError> {
    let operation = match body {
        Body::New => Operation::CreateOne,
        Body::NewRows => Operation::CreateMany,
        Body::Change(_) => Operation::UpdateOne,
    };
    let scope = authorize(ctx, model, model.meta.action_of(operation)).await?;
    match (body, value) {
        (Body::New, Value::Object(entries)) => {
            let draft = read_draft(ctx, model, Form::Create, scope.write, entries).await?;
            ctx.begin().await?;
            let record = create_one(ctx, model, &scope, draft).await?.record;
            Ok(Some(model.resource.id(record.as_ref())))
        }
        (Body::NewRows, Value::Array(bodies)) if (1..=MOST_ROWS).contains(&bodies.len()) => {
            let drafts = read_drafts(ctx, model, scope.write, bodies).await?;
            ctx.begin().await?;
            create_many(ctx, model, &scope, drafts).await?;
            Ok(None)
        }
        (Body::Change(id), Value::Object(entries)) => {
            let id = id_of(model, id).ok_or_else(|| ApiError::not_found(model.meta.name))?;
            let draft = read_draft(ctx, model, Form::Update, scope.write, entries).await?;
            ctx.begin().await?;
            update_one(ctx, model, &scope, id, draft).await?;
            Ok(Some(id))
        }
        _ => Err(ApiError::bad_request("InvalidRequestBody", "The body is not of this operation")),
    }
}

const MOST_ROWS: usize = 100;

pub(crate) fn id_of(model: &Model, text: &str) -> Option<Id> {
    match model.meta.id {
        IdKind::Uuid => text.parse().map(Id::Uuid).ok(),
        IdKind::Integer => text.parse().map(Id::Integer).ok(),
    }
}
