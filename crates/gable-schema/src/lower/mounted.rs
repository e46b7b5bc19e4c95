//! Checks which surfaces are mounted, and that their settings are consistent. A surface that is not mounted serves no
//! path and sets no cookie, so its settings are not checked here.

use crate::diagnostic::{Problem, Sink, Span};
use crate::entries::{Entries, word};
use crate::nearest::quoted;
use crate::node::{Entry, Node, Spanned, Value};
use crate::schema::{Auth, Surface, VerificationMethod};

use super::app::clashing;

const SURFACES: &[(&str, Surface)] =
    &[("jwt", Surface::Jwt), ("session", Surface::Session), ("tokenPair", Surface::TokenPair)];

/// The surfaces listed in `surfaces:`; empty if the key is missing.
#[derive(Debug, Default)]
pub(crate) struct Mounted {
    pub(crate) list: Vec<Spanned<Surface>>,
    /// An element of the list was refused; it may have been the name of a surface that seems to be missing.
    refused: bool,
}

impl Mounted {
    fn contains(&self, surface: Surface) -> bool {
        self.list.iter().any(|mounted| mounted.value == surface)
    }

    /// Returns the position of a surface's settings, or of its name in the list if it has no settings.
    fn position(&self, surface: Surface, entries: &Entries<'_>) -> Span {
        let listed = self.list.iter().find(|mounted| mounted.value == surface).map(|mounted| mounted.span);
        let written = entries.entry(surface_name(surface)).map(|entry| entry.key_span);
        written.or(listed).unwrap_or(entries.span)
    }

    pub(super) fn surfaces(&self) -> Option<Vec<Surface>> {
        (!self.list.is_empty()).then(|| self.list.iter().map(|surface| surface.value).collect())
    }
}

/// Returns the name of a surface in `surfaces:`.
pub(crate) fn surface_name(surface: Surface) -> &'static str {
    match surface {
        Surface::Jwt => "jwt",
        Surface::Session => "session",
        Surface::TokenPair => "tokenPair",
    }
}

pub(super) fn mounted(node: Option<&Node>, sink: &mut Sink) -> Mounted {
    let mut mounted = Mounted::default();
    let Some((node, items)) = node.and_then(|node| Some((node, node.list(sink)?))) else {
        return Mounted { refused: node.is_some(), ..mounted };
    };
    for item in items {
        let Some(surface) = word(item, SURFACES, sink) else {
            mounted.refused = true;
            continue;
        };
        if mounted.contains(surface) {
            let problem = Problem::new("duplicate-value", item.span, "the surface is listed twice");
            sink.push(problem.label("already listed"));
        } else {
            mounted.list.push(Spanned { value: surface, span: item.span });
        }
    }
    if mounted.list.is_empty() {
        mounted.refused = true;
        let problem = Problem::new("wrong-shape", node.span, "the list of surfaces is empty");
        sink.push(problem.label("nobody could log in").help("the surfaces are `jwt`, `session` and `tokenPair`"));
    }
    mounted
}

/// Checks that the paths and cookies of the surfaces do not collide, and that a mounted surface provides what the
/// settings require.
pub(super) fn check(entries: &Entries<'_>, mounted: &Mounted, auth: &Auth, api: &str, sink: &mut Sink) {
    check_prefixes(entries, mounted, auth, api, sink);
    check_cookies(entries, mounted, auth, sink);
    if !mounted.refused {
        check_verification(entries, auth, sink);
    }
}

/// Checks that no surface uses a path prefix of the API, of the server or of another surface. Links in e-mails open
/// paths below `/hook`, which is reserved for them.
fn check_prefixes(entries: &Entries<'_>, mounted: &Mounted, auth: &Auth, api: &str, sink: &mut Sink) {
    let mut taken = vec![api, "/health", "/metrics", "/hook"];
    let surfaces =
        [(Surface::Session, auth.session.prefix.as_str()), (Surface::TokenPair, auth.token_pair.prefix.as_str())];
    for (surface, prefix) in surfaces.into_iter().filter(|(surface, _)| auth.surfaces.contains(surface)) {
        if clashing(prefix, &taken) {
            let message = format!("the {} surface cannot be mounted at `{prefix}`", surface_name(surface));
            sink.push(
                Problem::new("reserved-path", mounted.position(surface, entries), message)
                    .label("this path is already used")
                    .help(format!("choose a `prefix` that does not overlap with {}", quoted(&taken))),
            );
        }
        taken.push(prefix);
    }
}

fn check_cookies(entries: &Entries<'_>, mounted: &Mounted, auth: &Auth, sink: &mut Sink) {
    let both = [Surface::Jwt, Surface::Session].iter().all(|surface| auth.surfaces.contains(surface));
    if both && auth.jwt.cookie_name == auth.session.cookie {
        let message = format!("two surfaces use the cookie `{}`", auth.session.cookie);
        sink.push(
            Problem::new("name-clash", mounted.position(Surface::Session, entries), message)
                .label("one of them needs another name")
                .help("set `cookie` of `session`, or `cookie: { name: … }` of `jwt`"),
        );
    }
}

/// Checks that a mounted surface has routes for e-mail verification. The jwt surface has none.
fn check_verification(entries: &Entries<'_>, auth: &Auth, sink: &mut Sink) {
    let Some(entry) = entries.entry("emailVerification") else {
        return;
    };
    if [Surface::Session, Surface::TokenPair].iter().any(|surface| auth.surfaces.contains(surface)) {
        return;
    }
    if auth.email_verification.required {
        sink.push(
            Problem::new(
                "missing-surface",
                entry.key_span,
                "e-mail addresses must be verified, but no mounted surface can verify them",
            )
            .label("no account could ever log in")
            .help("add `session` or `tokenPair` to `surfaces`, or remove `required`"),
        );
    }
    if auth.email_verification.method == VerificationMethod::Code {
        sink.push(
            Problem::new("missing-surface", method_span(entry), "no mounted surface accepts the code")
                .label("no route would accept the code")
                .help("add `session` or `tokenPair` to `surfaces`, or remove `method`"),
        );
    }
}

fn method_span(verification: &Entry) -> Span {
    let Value::Map(entries) = &verification.node.value else {
        return verification.key_span;
    };
    entries.iter().find(|entry| entry.key == "method").map_or(verification.key_span, |entry| entry.node.span)
}
