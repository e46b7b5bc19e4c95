//! Prints the cost of each endpoint, one line each, so that a hundred models can be searched and compared.

use gable_schema::cost::{Caller, Cost, Costs, Endpoint};
use gable_schema::schema::QueryLimits;

const TITLES: [&str; 5] = ["operation", "endpoint", "statements", "rows", "each nested row"];

/// Returns the table of endpoints, followed by a legend and the limits.
pub(crate) fn table(costs: &Costs) -> String {
    let lines: Vec<[String; 5]> =
        std::iter::once(TITLES.map(str::to_owned)).chain(costs.endpoints.iter().map(columns)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let aligned = |[operation, endpoint, statements, rows, nested]: &[String; 5]| {
        let [first, second, third, fourth] = widths;
        // The last column is not padded.
        let text = format!("{operation:first$}  {endpoint:second$}  {statements:>third$}  {rows:>fourth$}  {nested}");
        format!("{}\n", text.trim_end())
    };
    let table: String = lines.iter().map(aligned).collect();
    format!("{table}\n{}\n{}", legend(costs), budgets(&costs.limits))
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
            costs.limits.max_nested
        ));
    }
    let Caller { asks, still_asks } = costs.caller;
    if asks.most > 0 {
        lines.push(format!(
            "Statements that tell who asks are among them: {asks}, none where that is remembered; and {still_asks} more in \
             a write, always."
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The keys of `query:`, their values, and what each one limits.
fn budgets(limits: &QueryLimits) -> String {
    let rows = [
        ("maxLimit", limits.max_limit.to_string(), "rows of a page, and of each included relation of one row"),
        ("maxIncluded", limits.max_included.to_string(), "rows that one answer includes beside its own"),
        ("maxBulk", limits.max_bulk.to_string(), "rows of a bulk write"),
        ("maxNested", limits.max_nested.to_string(), "rows that a body writes through relations"),
        (
            "maxFilters",
            limits.max_filters.to_string(),
            "conditions of a filter; each looks once at each table on its path",
        ),
        ("maxDepth", limits.max_depth.to_string(), "relations in a row that a condition or an include follows"),
        ("maxIn", limits.max_in.to_string(), "values in one list of a condition"),
        ("maxBytes", limits.max_bytes.to_string(), "bytes of an answer; rows of 4 times as many are read for it"),
        ("statementTimeout", format!("{}s", limits.statement_seconds), "the time of each statement"),
    ];
    let name = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let value = rows.iter().map(|(_, value, _)| value.len()).max().unwrap_or_default();
    let lines = rows.map(|(key, most, what)| format!("{key:name$}  {most:>value$}  {what}\n"));
    format!("What bounds them, `query:` in app.yaml:\n{}", lines.concat())
}
