//! Checks the names of models and of everything derived from them for clashes in Rust, in SQL and in URLs.

use std::collections::HashMap;

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::DraftModel;
use crate::names;
use crate::reserved;
use crate::schema::FieldType;

pub(crate) fn check_names(drafts: &[DraftModel<'_>], sink: &mut Sink) {
    let mut derived = Derived::default();
    let mut types = HashMap::new();
    for draft in drafts {
        if derived.check(draft, sink) {
            check_path(draft, sink);
            declare_types(draft, &mut types, sink);
        }
    }
    for draft in drafts {
        check_enum_types(draft, &mut types, sink);
    }
}

/// The names derived from the models so far, each with its model or file.
#[derive(Default)]
struct Derived {
    names: HashMap<String, String>,
    tables: HashMap<String, String>,
    modules: HashMap<String, String>,
}

impl Derived {
    /// Returns false if the model's name clashes; its other derived names would only repeat the problem.
    fn check(&mut self, draft: &DraftModel<'_>, sink: &mut Sink) -> bool {
        let name = &draft.name.value;
        if let Some(file) = self.names.insert(name.clone(), draft.file.clone()) {
            let message = format!("the model `{name}` is already described in {file}");
            sink.push(Problem::new("duplicate-model", draft.name.span, message).label("the name is taken"));
            return false;
        }
        let table = names::table(name);
        if let Some(other) = self.tables.insert(table.clone(), name.clone()) {
            sink.push(clash(draft, &other, &format!("the table `{table}`")));
            return false;
        }
        let module = names::module(name);
        if let Some(other) = self.modules.insert(module.clone(), name.clone()) {
            sink.push(clash(draft, &other, &format!("the module `{module}`")));
            return false;
        }
        true
    }
}

fn clash(draft: &DraftModel<'_>, other: &str, shared: &str) -> Problem {
    let message = format!("the models `{other}` and `{}` clash", draft.name.value);
    Problem::new("name-clash", draft.name.span, message)
        .label(format!("both would have {shared}"))
        .help("rename one of the two")
}

fn check_path(draft: &DraftModel<'_>, sink: &mut Sink) {
    let path = names::path(&draft.name.value);
    if reserved::PATHS.contains(&path.as_str()) {
        let message = format!("a model cannot be called `{}`", draft.name.value);
        sink.push(
            Problem::new("reserved-name", draft.name.span, message)
                .label(format!("its path `/{path}` is already used"))
                .help("choose another name"),
        );
    }
}

/// Rust types by name, each with a description for messages.
type Types = HashMap<String, String>;

fn declare_types(draft: &DraftModel<'_>, types: &mut Types, sink: &mut Sink) {
    let name = &draft.name.value;
    let generated = [
        (name.clone(), format!("the model `{name}`")),
        (format!("Create{name}"), format!("the input type of the model `{name}`")),
        (format!("Update{name}"), format!("the input type of the model `{name}`")),
        (format!("{name}Hooks"), format!("the hook list of the model `{name}`")),
    ];
    for (ty, description) in generated {
        let in_module = ty != *name;
        declare(GeneratedType { ty, description, span: draft.name.span, in_module }, types, sink);
    }
}

fn check_enum_types(draft: &DraftModel<'_>, types: &mut Types, sink: &mut Sink) {
    for field in draft.fields.iter().filter(|field| field.valid) {
        if let FieldType::Enum { rust_name, .. } | FieldType::EnumList { rust_name, .. } = &field.field.ty {
            let description = format!("the enum of `{}.{}`", draft.name.value, field.field.name);
            declare(
                GeneratedType { ty: rust_name.clone(), description, span: field.span, in_module: true },
                types,
                sink,
            );
        }
    }
}

/// A type that generated code declares.
struct GeneratedType {
    ty: String,
    description: String,
    span: Span,
    /// True if declared in the module of its model; the row type of a model is known by the model's name only
    /// outside.
    in_module: bool,
}

impl GeneratedType {
    fn is_reserved(&self) -> bool {
        let name = self.ty.as_str();
        reserved::TYPES.contains(&name) || (self.in_module && reserved::IN_SCOPE.contains(&name))
    }
}

fn declare(generated: GeneratedType, types: &mut Types, sink: &mut Sink) {
    let taken = match types.get(&generated.ty) {
        Some(other) => other.clone(),
        None if generated.is_reserved() => "a type that generated code uses".to_owned(),
        None => {
            types.insert(generated.ty, generated.description);
            return;
        }
    };
    let message = format!("{} would be the Rust type `{}`, which is {taken}", generated.description, generated.ty);
    sink.push(
        Problem::new("name-clash", generated.span, message)
            .label("this type name is taken")
            .help("rename one of the two"),
    );
}
