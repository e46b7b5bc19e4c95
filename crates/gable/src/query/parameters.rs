//! Reads query strings of a few parameters, for requests that read no rows of a model.

use crate::error::{ApiError, Problem};

/// The values of these parameters in a query string; `None` for each that is not given.
///
/// # Errors
/// 400 `InvalidRequestQuery` for a parameter that is not among them, and for one that is given twice: two readers of
/// the request could each use another value.
pub(crate) fn parameters<const N: usize>(query: &str, names: [&str; N]) -> Result<[Option<String>; N], ApiError> {
    let mut found = [const { None }; N];
    let mut problems = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match names.iter().position(|known| *known == name) {
            None => problems.push(not_known(&name)),
            Some(position) if found[position].is_some() => problems.push(repeated(&name)),
            Some(position) => found[position] = Some(value.into_owned()),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(ApiError::invalid_query(problems)) }
}

/// Refuses all parameters, for requests that take none.
///
/// # Errors
/// 400 `InvalidRequestQuery` for any parameter.
pub(crate) fn no_parameters(query: &str) -> Result<(), ApiError> {
    parameters(query, []).map(|[]| ())
}

/// Parameters of Prisma and Arkos that have another name here.
const ELSEWHERE: [(&str, &str); 12] = [
    ("where", "write the filters themselves, or 'filters={…}'"),
    ("select", "write 'fields=name'"),
    ("include", "write 'fields=+relation'"),
    ("omit", "write 'fields=-name'"),
    ("ignoredFields", "write 'fields=-name'"),
    ("addFields", "write 'fields=+relation'"),
    ("removeFields", "write 'fields=-name'"),
    ("orderBy", "write 'sort=name' or 'sort=-name'"),
    ("take", "write 'limit'"),
    ("skip", "write 'page' or 'cursor'"),
    ("distinct", "rows are always distinct"),
    ("prismaQueryOptions", "write 'fields', 'sort', 'limit' and 'filters={…}'"),
];

/// The replacement for a parameter of Prisma or Arkos.
pub(super) fn elsewhere(word: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(known, _)| *known == word).map(|(_, instead)| *instead)
}

pub(super) fn not_known(name: &str) -> Problem {
    Problem {
        field: name.to_owned(),
        code: "UnknownParameter".to_owned(),
        message: format!("'{name}' is not a known query parameter"),
    }
}

pub(super) fn repeated(name: &str) -> Problem {
    Problem {
        field: name.to_owned(),
        code: "RepeatedParameter".to_owned(),
        message: format!("'{name}' may be given once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<[Option<String>; 2], ApiError> {
        parameters(query, ["page", "limit"])
    }

    #[test]
    fn each_parameter_is_read_whatever_the_order() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("").expect("nothing"), [None, None]);
        assert_eq!(read("limit=%32&page=").expect("both"), [text(""), text("2")]);
    }

    #[test]
    fn what_is_unknown_or_repeated_is_refused_by_its_name() {
        for (query, codes) in [
            ("sort=x", "UnknownParameter sort"),
            ("page=1&page=1", "RepeatedParameter page"),
            ("page=1&%70age=2&x=1", "RepeatedParameter page, UnknownParameter x"),
        ] {
            let error = read(query).expect_err(query);
            let problems = error.meta().and_then(|meta| meta["errors"].as_array().cloned()).expect("problems");
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let found =
                problems.iter().map(|problem| format!("{} {}", text(&problem["code"]), text(&problem["field"])));
            assert_eq!(found.collect::<Vec<_>>().join(", "), codes);
        }
    }
}
