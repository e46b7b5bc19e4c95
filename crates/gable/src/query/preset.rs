//! Presets of a route for its query: the fields that answers may contain, an order, and a number of rows.

use super::direction::Direction;
use super::selection::{Include, Selection, usual_limit};
use super::viewer::{View, Viewer};
use crate::access::Scope;
use crate::meta::{FieldPreset, ModelMeta, Operation, QueryLimits, RoutePreset};

/// The preset of one route in the YAML; `None` for most routes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preset(Option<&'static RoutePreset>);

impl Preset {
    pub(crate) fn of(meta: &'static ModelMeta, operation: Operation) -> Self {
        Self(meta.route(operation).and_then(|route| route.preset))
    }

    pub(crate) fn limits_fields(self) -> bool {
        self.shown().is_some()
    }

    /// The fields and relations that answers may contain; `None` if the route does not limit them.
    pub(super) fn shown(self) -> Option<&'static FieldPreset> {
        self.0?.fields
    }

    /// Rows of a page, unless the request gives a limit.
    pub(super) fn limit(self, limits: QueryLimits) -> u32 {
        let Some(preset) = self.0 else { return limits.default_limit };
        let limit = preset.limit.unwrap_or(limits.default_limit);
        preset.max_limit.map_or(limit, |most| limit.min(most))
    }

    pub(super) fn max_limit(self, limits: QueryLimits) -> u32 {
        self.0.and_then(|preset| preset.max_limit).unwrap_or(limits.max_limit).min(limits.max_limit)
    }

    /// The order, unless the request gives one; without fields that the caller may not read.
    pub(super) fn sort(self, scope: &Scope) -> Vec<(usize, Direction)> {
        let direction = |descending| if descending { Direction::Descending } else { Direction::Ascending };
        let terms = self.0.map_or(&[][..], |preset| preset.sort).iter();
        terms
            .filter(|term| scope.read.contains(term.field))
            .map(|term| (term.field, direction(term.descending)))
            .collect()
    }
}

/// The selection of a request without `fields`: every field that may be shown, and the relations that the route names,
/// except those that the caller may not follow.
pub(super) fn selection(viewer: Viewer<'_>, limits: QueryLimits, view: &View) -> Selection {
    let relations = view.shown.and_then(|shown| shown.relations).unwrap_or_default();
    let include = |name: &str| {
        let (relation, view) = viewer.follow(view, name)?;
        let selection = selection(viewer, limits, &view);
        Some(Include { relation, view, selection, limit: usual_limit(limits), sort: vec![(0, Direction::Ascending)] })
    };
    Selection { fields: view.fields(), includes: relations.iter().filter_map(|(name, _)| include(name)).collect() }
}
