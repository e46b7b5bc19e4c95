//! Advice on fields with values so large that a few rows fill an answer. Such a schema is valid.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftField, DraftModel};
use crate::schema::FieldType;

/// Characters or bytes of one value, 1 MB.
const LARGE: u64 = 1 << 20;

pub(crate) fn advise(drafts: &[DraftModel<'_>], sink: &mut Sink) {
    for field in drafts.iter().flat_map(|draft| &draft.fields) {
        if let Some(unit) = large(&field.field.ty) {
            sink.push(problem(field, unit));
        }
    }
}

/// Returns the unit of the field's maximum if that is above [`LARGE`].
fn large(ty: &FieldType) -> Option<&'static str> {
    match ty {
        FieldType::Text { max, .. } if u64::from(*max) > LARGE => Some("characters"),
        FieldType::Json { max_bytes } if *max_bytes > LARGE => Some("bytes"),
        _ => None,
    }
}

fn problem(field: &DraftField, unit: &str) -> Problem {
    let message = format!("one value of `{}` may have more than {LARGE} {unit}", field.field.name);
    Problem::warning("large-value", field.span, message)
        .label("only few such values fit into an answer")
        .help("`query: maxBytes:` limits answers, and `server: bodyLimit:` limits bodies; store large files elsewhere")
}
