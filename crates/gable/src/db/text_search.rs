//! SQL that searches a text.

use super::{Dialect, Statement};

/// The place in a text where another must occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Case {
    Sensitive,
    /// Ignores the case of the letters that the database knows: SQLite knows those of ASCII.
    Insensitive,
    /// Ignores the case of ASCII letters, as for fields whose case does not matter.
    Folded,
}

impl Statement {
    /// Writes the condition that a text occurs in a column. `column` writes the column; `as_text` writes it as text, for
    /// a column that may have another type. SQLite's LIKE is not used: it always ignores the case of ASCII letters, and
    /// refuses long patterns.
    pub(crate) fn push_text_search(
        &mut self,
        (place, case, text): (Place, Case, &str),
        column: impl FnOnce(&mut Self),
        as_text: impl FnOnce(&mut Self),
    ) -> &mut Self {
        match (self.dialect, case) {
            (Dialect::Sqlite, Case::Sensitive) => {
                as_text(self.push(function(place)));
                self.push_found(place, text)
            }
            (Dialect::Sqlite, Case::Insensitive | Case::Folded) => {
                column(self.push(function(place)).push("lower("));
                self.push(")").push_found(place, &text.to_ascii_lowercase())
            }
            (Dialect::Postgres, Case::Folded) => {
                let pattern = pattern(place, &text.to_ascii_lowercase());
                self.folded(column).push(" LIKE ").bind(pattern).push(" ESCAPE '!'")
            }
            (Dialect::Postgres, case) => {
                let like = if case == Case::Insensitive { " ILIKE " } else { " LIKE " };
                as_text(self);
                self.push(like).bind(pattern(place, text)).push(" ESCAPE '!'")
            }
        }
    }

    /// The rest of a call of SQLite's `instr` or `substr`, behind the column that is searched.
    fn push_found(&mut self, place: Place, text: &str) -> &mut Self {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        self.push(", ");
        match place {
            Place::Anywhere => self.bind(text).push(") > 0"),
            Place::Start => self.push("1, ").bind(length).push(") = ").bind(text),
            Place::End => self.bind(-length).push(") = ").bind(text),
        }
    }
}

fn function(place: Place) -> &'static str {
    if place == Place::Anywhere { "instr(" } else { "substr(" }
}

fn pattern(place: Place, text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    match place {
        Place::Anywhere => format!("%{escaped}%"),
        Place::Start => format!("{escaped}%"),
        Place::End => format!("%{escaped}"),
    }
}
