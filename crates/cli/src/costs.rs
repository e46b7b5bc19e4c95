//! What each endpoint may cost, as text: one line for each, so that a hundred models can be searched and compared.

use gable_schema::cost::{Caller, Costs, Endpoint};

const TITLES: [&str; 4] = ["operation", "endpoint", "statements", "rows"];

/// The endpoints, and what their figures mean.
pub(crate) fn table(costs: &Costs) -> String {
    let lines: Vec<[String; 4]> =
        std::iter::once(TITLES.map(str::to_owned)).chain(costs.endpoints.iter().map(columns)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let aligned = |[operation, endpoint, statements, rows]: &[String; 4]| {
        let [first, second, third, fourth] = widths;
        // What stands behind the last figure is no part of it.
        let text = format!("{operation:first$}  {endpoint:second$}  {statements:>third$}  {rows:>fourth$}");
        format!("{}\n", text.trim_end())
    };
    let table: String = lines.iter().map(aligned).collect();
    format!("{table}\n{}", legend(costs))
}

fn columns(endpoint: &Endpoint) -> [String; 4] {
    let Endpoint { operation, method, path, statements, rows, cascades, .. } = endpoint;
    let along = if *cascades { "+" } else { " " };
    [(*operation).to_owned(), format!("{method:6} {path}"), statements.to_string(), format!("{rows}{along}")]
}

fn legend(costs: &Costs) -> String {
    let mut lines = vec![
        "What one request takes at worst, without nested writes and without what interceptors do.".to_owned(),
        "<=  never more, but who asks and what rows there are may keep it from as many".to_owned(),
    ];
    if costs.endpoints.iter().any(|endpoint| endpoint.cascades) {
        lines.push("+   and what the database deletes or clears along, which nothing bounds".to_owned());
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
