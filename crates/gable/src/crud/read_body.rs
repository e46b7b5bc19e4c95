//! Stage 5: reads JSON bodies of one model into inputs, collecting every problem.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};

use crate::access::{Newcomer, Principal, decide};
use crate::context::{Context, Core, authorize, refused};
use crate::error::{ApiError, Problem};
use crate::meta::{ActionMeta, FieldSet, ModelKind, ModelMeta, Operation};
use crate::model::input::{BodyReader, Finished, Form, Reach, Reader, Rights, Submitted, in_order, together};
use crate::model::{AnyInput, Draft};
use crate::query::Model;

/// Reads the model's `Create` from a body that refers to rows of other models only by their ids.
///
/// # Errors
/// 400 `InvalidRequestBody` with every problem of the body.
pub(crate) fn read_create(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    body: impl Into<Submitted>,
) -> Result<Box<dyn AnyInput>, ApiError> {
    Ok(refuse(read(ctx, model, Form::Create, writable, body.into(), None)?)?.input)
}

/// Reads the model's `Update` from a body that refers to rows of other models only by their ids.
///
/// # Errors
/// 400 `InvalidRequestBody` with every problem of the body.
pub(crate) fn read_update(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    body: impl Into<Submitted>,
) -> Result<Box<dyn AnyInput>, ApiError> {
    Ok(refuse(read(ctx, model, Form::Update, writable, body.into(), None)?)?.input)
}

/// Reads the model's input of this form from a body that may nest rows of other models.
///
/// # Errors
/// 400 `InvalidRequestBody` with every problem of the body, 401 or 403 if the caller may not write the nested rows.
pub(crate) async fn read_draft(
    ctx: &mut Context<'_>,
    model: &Model,
    form: Form,
    writable: FieldSet,
    body: Map<String, Value>,
) -> Result<Draft, ApiError> {
    let nesting = Nesting::of(ctx.core);
    let read = read(ctx, model, form, writable, body.into(), Some(Within { nesting: &nesting, own: false, place: "" }));
    refuse(nesting.authorized(ctx, read).await?)
}

/// Reads the body of an account that signs up or changes itself. Nested rows are written with the rights of that
/// account.
///
/// # Errors
/// As for `read_draft`.
pub(crate) async fn read_own(
    ctx: &mut Context<'_>,
    model: &Model,
    form: Form,
    writable: FieldSet,
    body: Submitted,
) -> Result<Draft, ApiError> {
    let nesting = Nesting::of(ctx.core);
    let read = read(ctx, model, form, writable, body, Some(Within { nesting: &nesting, own: true, place: "" }));
    refuse(ctx.as_newcomer(async |ctx| nesting.authorized(ctx, read).await).await?)
}

/// Reads the model's `Create`s; each problem carries the index of its element.
///
/// # Errors
/// As for `read_draft`.
pub(crate) async fn read_drafts(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    bodies: Vec<Value>,
) -> Result<Vec<Draft>, ApiError> {
    let nesting = Nesting::of(ctx.core);
    let read = read_each(ctx, model, writable, bodies, &nesting);
    let (drafts, problems) = nesting.authorized(ctx, read).await?;
    if problems.is_empty() { Ok(drafts) } else { Err(ApiError::invalid_body(problems)) }
}

fn read_each(
    ctx: &mut Context<'_>,
    model: &Model,
    writable: FieldSet,
    bodies: Vec<Value>,
    nesting: &Nesting,
) -> Result<(Vec<Draft>, Vec<Problem>), ApiError> {
    let (mut drafts, mut problems) = (Vec::new(), Vec::new());
    for (index, body) in bodies.into_iter().enumerate() {
        let Value::Object(body) = body else {
            problems.push(Problem {
                field: index.to_string(),
                code: "IsObjectConstraint".to_owned(),
                message: format!("element {index} must be an object"),
            });
            continue;
        };
        let (draft, found) = read(
            ctx,
            model,
            Form::Create,
            writable,
            body.into(),
            Some(Within { nesting, own: false, place: &format!("{index}.") }),
        )?;
        drafts.push(draft);
        problems.extend(
            found.into_iter().map(|problem| Problem { field: format!("{index}.{}", problem.field), ..problem }),
        );
    }
    Ok((drafts, problems))
}

/// The access to other models that the bodies of one request need.
struct Nesting {
    /// The number of rows that the bodies may still name.
    names: Cell<u32>,
    excess_reported: Cell<bool>,
    /// The actions on other models, without repetition.
    actions: RefCell<Vec<(&'static str, &'static ActionMeta)>>,
}

/// One body of the request, and its place there.
#[derive(Clone, Copy)]
struct Within<'a> {
    nesting: &'a Nesting,
    own: bool,
    place: &'a str,
}

impl Nesting {
    fn of(core: &Core) -> Self {
        Self {
            names: Cell::new(core.app.query.max_nested),
            excess_reported: Cell::new(false),
            actions: RefCell::default(),
        }
    }

    /// Stage 4 for the actions on other models: the interceptors of authorization run for each of them.
    async fn authorized<T>(&self, ctx: &mut Context<'_>, read: Result<T, ApiError>) -> Result<T, ApiError> {
        let read = match read {
            Ok(read) => read,
            Err(refusal) => return Err(refused(ctx, refusal).await),
        };
        ctx.write.nested_rows_left = self.names.get();
        for (name, action) in self.actions.take() {
            let core = ctx.core;
            let Some(model) = core.model(name) else { continue };
            authorize(ctx, model, action).await?;
        }
        Ok(read)
    }

    fn note(&self, model: &'static ModelMeta, action: &'static ActionMeta) {
        let mut actions = self.actions.borrow_mut();
        if !actions.iter().any(|(name, known)| (*name, known.action) == (model.name, action.action)) {
            actions.push((model.name, action));
        }
    }
}

/// The caller's rights in other models. A disabled operation cannot be nested.
struct CallersRights<'a> {
    core: &'a Core,
    principal: &'a Principal,
    /// Whether the caller is an account that does not exist yet. It cannot write accounts, roles or permissions, as it
    /// holds no rights that it could grant.
    is_newcomer: bool,
    nesting: Option<&'a Nesting>,
}

impl Rights for CallersRights<'_> {
    fn readable(&self, model: &str) -> Result<FieldSet, ApiError> {
        let model = self.model(model)?;
        let viewing = model.meta.action_of(Operation::FindMany);
        Ok(decide(model.meta, &model.masks, viewing, self.principal)?.read)
    }

    fn readable_of_oneself(&self, model: &str) -> Result<FieldSet, ApiError> {
        let model = self.model(model)?;
        Ok(model.masks.read(model.meta, self.principal))
    }

    fn writable(&self, model: &str, operation: Operation) -> Result<FieldSet, ApiError> {
        let model = self.model(model)?;
        let disabled = model.meta.route(operation).is_some_and(|route| route.disabled);
        if disabled || (self.is_newcomer && model.meta.kind != ModelKind::Ordinary) {
            return Err(ApiError::not_enough_permissions());
        }
        let action = model.meta.action_of(operation);
        let scope = decide(model.meta, &model.masks, action, self.principal)?;
        if let Some(nesting) = self.nesting {
            nesting.note(model.meta, action);
        }
        Ok(scope.write)
    }
}

impl CallersRights<'_> {
    fn model(&self, name: &str) -> Result<&Model, ApiError> {
        self.core.model(name).ok_or_else(|| ApiError::internal(format!("{name} is not a model of this application")))
    }
}

fn read(
    ctx: &mut Context<'_>,
    model: &Model,
    form: Form,
    writable: FieldSet,
    body: Submitted,
    within: Option<Within<'_>>,
) -> Result<(Draft, Vec<Problem>), ApiError> {
    let newcomer = ctx.write.newcomer.as_ref();
    let acting = newcomer.map_or_else(|| ctx.principal.clone(), Newcomer::principal);
    let rights = CallersRights {
        core: ctx.core,
        principal: &acting,
        is_newcomer: newcomer.is_some(),
        nesting: within.map(|within| within.nesting),
    };
    let depth = ctx.core.app.query.max_depth;
    let reach = within.map(|Within { nesting, own, place }| Reach {
        read_twice: false,
        rights: &rights,
        account: newcomer.map_or_else(|| ctx.principal.account(), Newcomer::account),
        own,
        form,
        place,
        depth,
        names: &nesting.names,
        excess_reported: &nesting.excess_reported,
    });
    let passwords = ctx.core.password_policy();
    let Submitted { entries, broken, field_names } = body;
    let reader = Reader { account: ctx.principal.account(), now: ctx.now, passwords, writable, field_names, reach };
    let mut reader = BodyReader::new(model.meta, entries, reader);
    let input = match form {
        Form::Create => model.resource.read_create(&mut reader),
        Form::Update => model.resource.read_update(&mut reader),
    };
    let Finished { problems, passwords, references, inline, refusal } = reader.finish();
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    passwords.into_iter().for_each(|password| ctx.write.passwords.expect(password));
    let mut problems = together(problems, broken);
    in_order(model.meta, &mut problems);
    Ok((Draft { input, place: String::new(), references, inline, is_last: false }, problems))
}

fn refuse((draft, problems): (Draft, Vec<Problem>)) -> Result<Draft, ApiError> {
    if problems.is_empty() { Ok(draft) } else { Err(ApiError::invalid_body(problems)) }
}
