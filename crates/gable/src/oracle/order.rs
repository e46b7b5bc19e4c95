//! Random orders of rows.

use std::cmp::Ordering;

use super::choices::Choices;
use super::schema::Model;
use super::seen::Seen;
use super::world::Row;

/// Fields, and whether each is descending.
#[derive(Clone, Debug)]
pub(super) struct Order(Vec<(usize, bool)>);

impl Order {
    /// An order by one field, and by at most `more` others; a field may be repeated.
    pub(super) fn random(seen: &Seen<'_>, model: usize, more: usize, choices: &mut Choices<'_>) -> Self {
        let comparable = seen.comparable(model);
        Self((0..=choices.below(more + 1)).map(|_| (choices.among(&comparable), choices.percent(50))).collect())
    }

    pub(super) fn text(&self, model: &Model) -> String {
        let named =
            |(field, down): &(usize, bool)| format!("{}{}", if *down { "-" } else { "" }, model.fields[*field].name);
        self.0.iter().map(named).collect::<Vec<_>>().join(",")
    }

    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let each = self.0.iter().map(|(field, down)| {
            let order = a[*field].order(&b[*field]);
            if *down { order.reverse() } else { order }
        });
        each.fold(Ordering::Equal, Ordering::then)
    }
}

/// Sorts rows. Ties, and all rows without an order, are sorted by id.
pub(super) fn sorted<'w>(mut rows: Vec<&'w Row>, order: Option<&Order>) -> Vec<&'w Row> {
    let compared = |a: &Row, b: &Row| order.map_or(Ordering::Equal, |order| order.compare(a, b));
    rows.sort_by(|a, b| compared(a, b).then_with(|| a[0].order(&b[0])));
    rows
}
