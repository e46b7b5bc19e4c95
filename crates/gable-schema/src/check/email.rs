//! The e-mail address of an account, by which surfaces find the account and to which they send mail.

use crate::diagnostic::{Problem, Sink};
use crate::draft::DraftModel;
use crate::lower::{AuthDraft, surface_name};
use crate::schema::{FieldType, Surface};

/// The name of the field in bodies, answers and mails.
const FIELD: &str = "email";

pub(super) fn check(account: &DraftModel<'_>, draft: Option<&AuthDraft<'_>>, sink: &mut Sink) {
    let Some((draft, flaw)) = draft.and_then(|draft| Some((draft, flaw(account)?))) else {
        return;
    };
    let mounted = draft.mounted.list.iter().filter(|surface| surface.value != Surface::Jwt);
    let surfaces = mounted.map(|surface| (surface.span, format!("the {} surface", surface_name(surface.value))));
    let verification = draft.verification.map(|span| (span, "e-mail verification".to_owned()));
    for (span, feature) in surfaces.chain(verification) {
        let message = format!("{feature} needs a unique field `email` in the account model `{}`", account.name.value);
        sink.push(Problem::new("missing-email", span, message).label(flaw.label).help(flaw.help));
    }
}

struct Flaw {
    label: &'static str,
    help: &'static str,
}

/// Returns the reason why an account cannot be found by its e-mail address, if there is one.
fn flaw(account: &DraftModel<'_>) -> Option<Flaw> {
    let Some(found) = account.fields.iter().find(|field| field.field.name == FIELD) else {
        let help = "add `email: { type: email, unique: true }` to its fields";
        return Some(Flaw { label: "the model has no field `email`", help });
    };
    let unique = found.field.unique
        || account.uniques.iter().any(|index| matches!(index.fields.as_slice(), [only] if only.value == FIELD));
    let flaw = |label| Flaw { label, help: "make it `email: { type: email, unique: true }`" };
    match found.field.ty {
        // The type was refused, and the problem reported.
        _ if !found.valid => None,
        FieldType::Email if unique => None,
        FieldType::Email => Some(flaw("its field `email` is not unique")),
        _ => Some(flaw("its field `email` is not of type `email`")),
    }
}
