//! What each endpoint may cost, as text: one line for each, so that a hundred models can be searched and compared.

use gable_schema::cost::{Caller, Cost, Costs, Endpoint};

const TITLES: [&str; 5] = ["operation", "endpoint", "statements", "rows", "each nested row"];

/// The endpoints, and what their figures mean.
pub(crate) fn table(costs: &Costs) -> String {
    let lines: Vec<[String; 5]> =
        std::iter::once(TITLES.map(str::to_owned)).chain(costs.endpoints.iter().map(columns)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let aligned = |[operation, endpoint, statements, rows, nested]: &[String; 5]| {
        let [first, second, third, fourth] = widths;
        // What stands behind the last figure is no part of it.
        let text = format!("{operation:first$}  {endpoint:second$}  {statements:>third$}  {rows:>fourth$}  {nested}");
        format!("{}\n", text.trim_end())
    };
    let table: String = lines.iter().map(aligned).collect();
    format!("{table}\n{}", legend(costs))
}

fn columns(endpoint: &Endpoint) -> [String; 5] {
    let Endpoint { operation, method, path, statements, rows, nested, cascades, .. } = endpoint;
    let along = if *cascades { "+" } else { " " };
    let each = |cost: &Cost| format!("+ {} / {}", cost.statements.most, cost.rows.most);
    [
        (*operation).to_owned(),
        format!("{method:6} {path}"),
        statements.to_string(),
        format!("{rows}{along}"),
        nested.as_ref().map(each).unwrap_or_default(),
    ]
}

fn legend(costs: &Costs) -> String {
    let mut lines = vec![
        "What one request takes at worst, without what interceptors do.".to_owned(),
        "<=  never more, but who asks and what rows there are may keep it from as many".to_owned(),
    ];
    if costs.endpoints.iter().any(|endpoint| endpoint.cascades) {
        lines.push("+   and what the database deletes or clears along, which nothing bounds".to_owned());
    }
    if costs.endpoints.iter().any(|endpoint| endpoint.nested.is_some()) {
        lines.push(format!(
            "+ n / m  never more statements and rows for each row that the body writes through relations, {} at most",
            costs.max_nested
        ));
    }
    let Caller { asks, still_asks } = costs.caller;
    if asks.most > 0 {
        lines.push(format!(
            "Statements that tell who asks are among them: {asks}, and {still_asks} more in a write; none where that is \
             remembered."
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
