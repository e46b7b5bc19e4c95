//! Stage 5 for the bodies of one model: JSON to inputs, every problem at once.

use std::any::Any;

use serde_json::Value;
use validator::ValidationErrors;

use crate::access::FieldSet;
use crate::context::Context;
use crate::core::Model;
use crate::http::ApiError;
use crate::input::{BodyReader, Finished, Problem, Reader, Submitted, together, validation};
use crate::resource::{AnyResource, ModelMeta, RelationKind};

/// The model's `Create`.
///
/// # Errors
/// 400 `InvalidRequestBody` with every problem of the body.
pub(crate) fn read_create(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    body: impl Into<Submitted>,
) -> Result<Box<dyn Any>, ApiError> {
    refuse(read(ctx, model, Form::Create, writable, body.into()))
}

/// The model's `Update`.
///
/// # Errors
/// 400 `InvalidRequestBody` with every problem of the body.
pub(crate) fn read_update(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    body: impl Into<Submitted>,
) -> Result<Box<dyn Any>, ApiError> {
    refuse(read(ctx, model, Form::Update, writable, body.into()))
}

/// The model's `Create`s; each problem is named with the index of its element.
pub(super) fn read_creates(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    bodies: Vec<Value>,
) -> Result<Vec<Box<dyn Any>>, ApiError> {
    let (mut inputs, mut problems) = (Vec::new(), Vec::new());
    for (index, body) in bodies.into_iter().enumerate() {
        let Value::Object(body) = body else {
            problems.push(Problem {
                field: index.to_string(),
                code: "TypeConstraint".to_owned(),
                message: format!("element {index} must be an object"),
            });
            continue;
        };
        let (input, found) = read(ctx, model, Form::Create, writable, body.into());
        inputs.push(input);
        problems.extend(
            found.into_iter().map(|problem| Problem { field: format!("{index}.{}", problem.field), ..problem }),
        );
    }
    if problems.is_empty() { Ok(inputs) } else { Err(ApiError::invalid_body(problems)) }
}

/// Which of a model's two inputs a body is.
#[derive(Clone, Copy)]
enum Form {
    Create,
    Update,
}

impl Form {
    fn read(self, resource: &dyn AnyResource, body: &mut BodyReader<'_>) -> Box<dyn Any> {
        match self {
            Form::Create => resource.read_create(body),
            Form::Update => resource.read_update(body),
        }
    }

    fn validate(self, resource: &dyn AnyResource, input: &dyn Any) -> Result<(), ValidationErrors> {
        match self {
            Form::Create => resource.validate_create(input),
            Form::Update => resource.validate_update(input),
        }
    }
}

fn read(
    ctx: &mut Context<'_>,
    model: &Model,
    form: Form,
    writable: FieldSet,
    body: Submitted,
) -> (Box<dyn Any>, Vec<Problem>) {
    let passwords = ctx.core.password_policy();
    let max_links = ctx.core.app.query.max_bulk as usize;
    let reader = Reader { account: ctx.principal.account(), now: ctx.now, passwords, max_links, writable };
    let mut reader = BodyReader::new(model.meta, body.entries, reader);
    let resource = model.resource.as_ref();
    let input = form.read(resource, &mut reader);
    let Finished { mut problems, passwords } = reader.finish();
    passwords.into_iter().for_each(|password| ctx.passwords.expect(password));
    if let Err(errors) = form.validate(resource, input.as_ref()) {
        // A field that could not be read holds a placeholder, about which there is nothing more to say.
        let named = BodyReader::fields_in_error(&problems);
        let more = validation::problems(model.meta, &errors);
        problems.extend(more.into_iter().filter(|problem| !named.contains(&problem.field)));
    }
    let mut problems = together(problems, body.broken);
    problems.sort_by_key(|problem| place(model.meta, &problem.field));
    (input, problems)
}

/// Where a problem stands among those of its body: in the order of the fields, what belongs to none of them last.
fn place(meta: &ModelMeta, name: &str) -> usize {
    let key = meta.relations.iter().find_map(|relation| match relation.kind {
        RelationKind::BelongsTo { field } if relation.name == name => Some(field),
        _ => None,
    });
    meta.field_index(key.unwrap_or(name)).unwrap_or(usize::MAX)
}

fn refuse((input, problems): (Box<dyn Any>, Vec<Problem>)) -> Result<Box<dyn Any>, ApiError> {
    if problems.is_empty() { Ok(input) } else { Err(ApiError::invalid_body(problems)) }
}
