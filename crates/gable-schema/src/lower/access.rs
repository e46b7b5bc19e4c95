//! `access:` in all its forms; each becomes a list of rules.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftAccess, DraftRule, DraftWho};
use crate::entries::Entries;
use crate::keys;
use crate::names::{self, MAX_IDENTIFIER};
use crate::nearest::nearest;
use crate::node::{Entry, Node, Spanned, Value};
use crate::reserved;

pub(crate) fn lower_access<'n>(node: Option<&'n Node>, sink: &mut Sink) -> Vec<DraftAccess<'n>> {
    let Some(entries) = node.filter(|node| !node.is_null()).and_then(|node| node.map(sink)) else {
        return Vec::new();
    };
    entries.iter().filter_map(|entry| lower_action(entry, sink)).collect()
}

fn lower_action<'n>(entry: &'n Entry, sink: &mut Sink) -> Option<DraftAccess<'n>> {
    let named = check_action_name(entry, sink);
    let action = Spanned { value: entry.key.clone(), span: entry.key_span };
    let mut description = None;
    let rules = match &entry.node.value {
        // A list that contains a map is a list of rules; any other list is a list of roles.
        Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))) => {
            items.iter().filter_map(|item| lower_rule(item, &mut description, sink)).collect()
        }
        // An empty list allows nobody, as if the action were left out.
        Value::List(items) if items.is_empty() => Vec::new(),
        Value::Map(_) => lower_rule(&entry.node, &mut description, sink).into_iter().collect(),
        _ => lower_who(&entry.node, sink).map(|who| plain_rule(&entry.node, who)).into_iter().collect(),
    };
    named.then_some(DraftAccess { action, description, rules })
}

fn plain_rule<'n>(node: &'n Node, who: DraftWho) -> DraftRule<'n> {
    DraftRule { span: node.span, who, conditions: Vec::new() }
}

fn lower_rule<'n>(node: &'n Node, description: &mut Option<String>, sink: &mut Sink) -> Option<DraftRule<'n>> {
    let entries = Entries::open(node, &keys::ACCESS_RULE, sink)?;
    let written = entries.plain_text("description", sink);
    *description = description.take().or(written);
    let conditions = entries.get("where").and_then(|node| lower_conditions(node, sink));
    let who = lower_who(entries.get("roles")?, sink)?;
    // An empty list of roles allows nobody, so no rule is created.
    if matches!(&who, DraftWho::Roles(roles) if roles.is_empty()) {
        return None;
    }
    // A rule whose condition was refused is dropped: without the condition it would allow more.
    let conditions = if entries.get("where").is_some() { conditions? } else { Vec::new() };
    Some(DraftRule { span: node.span, who, conditions })
}

pub(super) fn lower_conditions<'n>(node: &'n Node, sink: &mut Sink) -> Option<Vec<(Spanned<String>, &'n Node)>> {
    let entries = node.map(sink)?;
    if entries.is_empty() {
        sink.push(
            Problem::new("invalid-where", node.span, "the condition is empty").label("leave `where` out instead"),
        );
        return None;
    }
    let spanned = |entry: &Entry| Spanned { value: entry.key.clone(), span: entry.key_span };
    Some(entries.iter().map(|entry| (spanned(entry), &entry.node)).collect())
}

fn lower_who(node: &Node, sink: &mut Sink) -> Option<DraftWho> {
    match &node.value {
        Value::Text(text) if text == "public" => Some(DraftWho::Public),
        Value::Text(text) if text == "authenticated" => Some(DraftWho::Authenticated),
        Value::Text(text) => {
            sink.push(unknown_caller(node, text));
            None
        }
        Value::List(_) => {
            let roles = node.texts(sink)?;
            if let [only] = roles.as_slice()
                && only.value == "*"
            {
                return Some(DraftWho::Authenticated);
            }
            check_roles(&roles, sink).then_some(DraftWho::Roles(roles))
        }
        _ => {
            sink.push(node.mismatch("`public`, `authenticated`, a list of roles, or rules"));
            None
        }
    }
}

fn unknown_caller(node: &Node, text: &str) -> Problem {
    let help = match nearest(text, ["public", "authenticated"]) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("roles are written as a list: `[{text}]`"),
    };
    Problem::new("invalid-access", node.span, format!("`{text}` is not a list of roles"))
        .label("must be `public`, `authenticated` or a list of roles")
        .help(help)
}

/// Reads role names; whether the roles exist is checked later.
pub(crate) fn check_roles(roles: &[Spanned<String>], sink: &mut Sink) -> bool {
    let mut valid = true;
    for (index, role) in roles.iter().enumerate() {
        let twice = roles[..index].iter().any(|other| other.value == role.value);
        if let Some(problem) = role_problem(role, twice) {
            sink.push(problem);
            valid = false;
        }
    }
    valid
}

fn role_problem(role: &Spanned<String>, twice: bool) -> Option<Problem> {
    let name = &role.value;
    if reserved::ROLES.contains(&name.as_str()) {
        let help = if name == "public" {
            "write `public` without the list".to_owned()
        } else {
            "write `authenticated` without the list, or [\"*\"] alone".to_owned()
        };
        return Some(
            Problem::new("invalid-access", role.span, format!("`{name}` is not a role"))
                .label("not possible in a list of roles")
                .help(help),
        );
    }
    if twice {
        return Some(
            Problem::new("duplicate-value", role.span, format!("the role `{name}` is listed twice"))
                .label("already listed"),
        );
    }
    (!names::is_role(name)).then(|| {
        Problem::new("invalid-name", role.span, format!("`{name}` is not a valid role name"))
            .label("must be a letter followed by letters, digits, spaces, `_` and `-`, at most 63 characters")
    })
}

fn check_action_name(entry: &Entry, sink: &mut Sink) -> bool {
    if names::is_pascal_case(&entry.key) && entry.key.len() <= MAX_IDENTIFIER {
        return true;
    }
    sink.push(
        Problem::new("invalid-name", entry.key_span, format!("`{}` is not a valid action name", entry.key))
            .label("must be PascalCase: ASCII letters and digits, at most 63 characters")
            .maybe_help(names::pascal_hint(&entry.key)),
    );
    false
}
