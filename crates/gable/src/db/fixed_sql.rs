//! SQL that is written out in the source, with a `?` for each value.
//!
//! ```text
//! static END: FixedSql<2> = FixedSql::new(r#"DELETE FROM "gable_grants" WHERE "id" = ? AND "account_id" = ?"#);
//! source.execute(END.with(values![grant, account])).await?;
//! ```
//!
//! A `?` in quotes is part of the text. A line break outside of quotes is sent as one space. Text whose conditions or
//! number of values depend on the request is built with [`Statement`] instead.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use sea_orm::Value;

use super::{Dialect, Statement};

/// SQL text with `N` values that is the same in every application. It is written once for each dialect, on first use.
/// Does not compile if the text has another number of `?`.
pub(crate) struct FixedSql<const N: usize>(Texts);

impl<const N: usize> FixedSql<N> {
    pub(crate) const fn new(literal: &'static str) -> Self {
        assert!(placeholders(literal) == N, "the text must have one ? for each value");
        Self(Texts::new(Cow::Borrowed(literal)))
    }

    pub(crate) fn with(&'static self, values: [Value; N]) -> BoundSql {
        BoundSql { text: Text::Fixed(&self.0), values: values.into() }
    }
}

/// SQL with a `?` for each value, and the text that is sent for it.
#[derive(Debug)]
pub(super) struct Texts {
    source: Cow<'static, str>,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Texts {
    const fn new(source: Cow<'static, str>) -> Self {
        Self { source, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// Text that is not the same SQL on both databases.
    pub(super) fn of_each(sqlite: &str, postgres: &str) -> Self {
        let (sqlite, postgres) = (write(sqlite, Dialect::Sqlite, 0), write(postgres, Dialect::Postgres, 0));
        Self { source: Cow::Borrowed(""), sqlite: sqlite.into(), postgres: postgres.into() }
    }

    fn text(&self, dialect: Dialect) -> &str {
        let text = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        text.get_or_init(|| write(&self.source, dialect, 0))
    }
}

/// SQL text with its values, not yet written for a dialect.
pub(crate) struct BoundSql {
    text: Text,
    values: Vec<Value>,
}

enum Text {
    Fixed(&'static Texts),
    Kept(Arc<Texts>),
    Named(String),
}

/// SQL text that is fixed but for the names of a model's table and columns, and that is kept because many requests
/// use it.
#[derive(Debug)]
pub(crate) struct NamedSql<const N: usize>(Arc<Texts>);

impl<const N: usize> NamedSql<N> {
    pub(crate) fn new(text: String) -> Self {
        debug_assert_eq!(placeholders(&text), N, "{text}");
        Self(Arc::new(Texts::new(Cow::Owned(text))))
    }

    pub(super) fn of(texts: Texts) -> Self {
        Self(Arc::new(texts))
    }

    pub(crate) fn with(&self, values: [Value; N]) -> BoundSql {
        BoundSql { text: Text::Kept(self.0.clone()), values: values.into() }
    }
}

impl BoundSql {
    /// For text that is fixed but for the names of a model's table and columns, which `format!` fills in.
    pub(crate) fn named<const N: usize>(text: String, values: [Value; N]) -> Self {
        debug_assert_eq!(placeholders(&text), N, "{text}");
        Self { text: Text::Named(text), values: values.into() }
    }
}

/// SQL that a `Source` runs.
pub(crate) trait IntoStatement {
    fn into_statement(self, dialect: Dialect) -> Statement;
}

impl IntoStatement for Statement {
    fn into_statement(self, _: Dialect) -> Statement {
        self
    }
}

impl IntoStatement for BoundSql {
    fn into_statement(self, dialect: Dialect) -> Statement {
        match self.text {
            Text::Fixed(texts) => Statement::bound(dialect, texts.text(dialect), self.values),
            Text::Kept(texts) => Statement::bound(dialect, texts.text(dialect).to_owned(), self.values),
            Text::Named(text) => Statement::bound(dialect, write(&text, dialect, 0), self.values),
        }
    }
}

/// The values of a `FixedSql` or `BoundSql`, in the order of their places.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$(sea_orm::Value::from($value)),*]
    };
}

pub(crate) use values;

/// The number of places for values.
const fn placeholders(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => {
                at = closing_quote(bytes, at);
                assert!(at < bytes.len(), "a quote is not closed");
            }
            b'?' => count += 1,
            _ => {}
        }
        at += 1;
    }
    count
}

/// The position of the quote that closes the one at `opening`; the end of the text if none does.
const fn closing_quote(bytes: &[u8], opening: usize) -> usize {
    let mut at = opening + 1;
    while at < bytes.len() && bytes[at] != bytes[opening] {
        at += 1;
    }
    at
}

/// Writes text for a dialect: on one line, and with its placeholders, which follow those of `values` earlier ones.
pub(super) fn write(text: &str, dialect: Dialect, mut values: usize) -> String {
    let bytes = text.as_bytes();
    let mut sql = String::with_capacity(text.len() + bytes.len() / 8);
    let (mut at, mut written) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => at = closing_quote(bytes, at),
            b'?' => {
                values += 1;
                sql.push_str(&text[written..at]);
                dialect.placeholder(values, &mut sql);
                written = at + 1;
            }
            b'\n' => {
                sql.push_str(text[written..at].trim_end());
                sql.push(' ');
                written = text.len() - text[at..].trim_start().len();
                at = written - 1;
            }
            _ => {}
        }
        at += 1;
    }
    sql.push_str(&text[written..]);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    static MARK: FixedSql<2> = FixedSql::new(
        r#"UPDATE "what?" SET "note" = 'why? it''s ?'
           WHERE "id" = ? AND "at" < ?"#,
    );

    fn sent(sql: BoundSql, dialect: Dialect) -> (String, Vec<Value>) {
        let statement = sql.into_statement(dialect);
        (statement.sql.into_owned(), statement.values)
    }

    #[test]
    fn placeholders_are_written_as_the_dialect_has_them_and_quotes_stay() {
        let start = r#"UPDATE "what?" SET "note" = 'why? it''s ?' WHERE "id" = "#;
        for (dialect, end) in [(Dialect::Sqlite, r#"? AND "at" < ?"#), (Dialect::Postgres, r#"$1 AND "at" < $2"#)] {
            let (sql, values) = sent(MARK.with(values![7_i64, "now"]), dialect);
            assert_eq!(sql, format!("{start}{end}"));
            assert_eq!(values, values![7_i64, "now"]);
        }
    }

    #[test]
    fn a_fixed_text_is_written_once() {
        let text = || MARK.with(values![1_i64, 2_i64]).into_statement(Dialect::Postgres).sql;
        assert!(std::ptr::eq(&raw const *text(), &raw const *text()));
    }

    #[test]
    fn a_text_with_names_is_written_like_a_fixed_one() {
        let table = "users?";
        let sql = || BoundSql::named(format!("SELECT 1 FROM \"{table}\"\n  WHERE \"id\" = ?"), values![1_i64]);
        assert_eq!(sent(sql(), Dialect::Postgres).0, r#"SELECT 1 FROM "users?" WHERE "id" = $1"#);
        assert_eq!(sent(sql(), Dialect::Sqlite).0, r#"SELECT 1 FROM "users?" WHERE "id" = ?"#);
    }

    #[test]
    fn a_line_break_is_one_space_except_in_quotes() {
        assert_eq!(write("SELECT 1,  \n\t 2,\r\n'a\n  b' \n", Dialect::Sqlite, 0), "SELECT 1, 2, 'a\n  b' ");
        assert_eq!(write("\n  SELECT\n\n1", Dialect::Sqlite, 0), " SELECT 1");
    }

    #[test]
    #[should_panic(expected = "SELECT ?, ?")]
    fn a_text_with_names_and_too_few_values_is_refused_in_debug_builds() {
        BoundSql::named("SELECT ?, ?".to_owned(), values![1_i64]);
    }

    #[test]
    fn more_than_nine_values_are_numbered() {
        let text = ["?"; 11].join(", ");
        assert_eq!(placeholders(&text), 11);
        assert!(write(&text, Dialect::Postgres, 0).ends_with("$9, $10, $11"));
    }
}
