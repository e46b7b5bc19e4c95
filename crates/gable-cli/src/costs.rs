//! Prints the cost of each endpoint on a line of its own, so that the costs of many models can be searched and
//! compared.

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
    let cascade_mark = if *cascades { "+" } else { " " };
    let per_row = |cost: &Cost| format!("+ {} / {}", cost.statements.most, cost.rows.most);
    [
        (*operation).to_owned(),
        format!("{method:6} {path}"),
        statements.to_string(),
        format!("{rows}{cascade_mark}"),
        nested.as_ref().map(per_row).unwrap_or_default(),
    ]
}

fn legend(costs: &Costs) -> String {
    let mut lines = vec![
        "Maximum cost of one request, without the statements of interceptors.".to_owned(),
        "<=  an upper bound: depending on the caller and the stored rows, the actual maximum may be lower".to_owned(),
    ];
    if costs.endpoints.iter().any(|endpoint| endpoint.cascades) {
        lines.push(
            "+   plus rows that the database deletes or updates as a consequence, whose number has no limit".to_owned(),
        );
    }
    if costs.endpoints.iter().any(|endpoint| endpoint.nested.is_some()) {
        lines.push(format!(
            "+ n / m  at most n more statements and m more rows for each row that the body names through relations, of \
             which there are at most {}",
            costs.limits.max_nested
        ));
    }
    let Caller { authentication, revalidation } = costs.caller;
    if authentication.most > 0 {
        lines.push(format!(
            "Statements include those that authenticate the caller ({authentication}, or none if the identity is cached) \
             and, in writes, the one that checks the caller's rights again ({revalidation})."
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The keys of `query:`, their values, and what each one limits.
fn budgets(limits: &QueryLimits) -> String {
    let rows = [
        ("maxLimit", limits.max_limit.to_string(), "rows of a page, and included rows of one relation for one row"),
        ("maxIncluded", limits.max_included.to_string(), "included rows in one answer"),
        ("maxBulk", limits.max_bulk.to_string(), "rows of a bulk write"),
        ("maxNested", limits.max_nested.to_string(), "rows that one body names through relations"),
        (
            "maxFilters",
            limits.max_filters.to_string(),
            "comparisons in one query; each scans each table on its path at most once",
        ),
        ("maxDepth", limits.max_depth.to_string(), "relations in one path of a filter or an include"),
        ("maxIn", limits.max_in.to_string(), "values in one list of a filter"),
        (
            "maxBytes",
            limits.max_bytes.to_string(),
            "bytes of one answer; the rows read for it may have 4 times as many",
        ),
        ("statementTimeout", format!("{}s", limits.statement_seconds), "duration of one statement"),
    ];
    let name = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let value = rows.iter().map(|(_, value, _)| value.len()).max().unwrap_or_default();
    let lines = rows.map(|(key, limit, meaning)| format!("{key:name$}  {limit:>value$}  {meaning}\n"));
    format!("Limits that these figures depend on, from `query:` in app.yaml:\n{}", lines.concat())
}
