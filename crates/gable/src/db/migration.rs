//! Reviewed SQL, embedded in the binary, applied in order and never twice.

/// One migration, in the dialects that the application was built with.
#[derive(Debug)]
pub struct Migration {
    /// `0001_initial`
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
    /// The tables as they are afterwards; equals `Api::TABLES` for the newest one of an up-to-date application.
    pub tables: &'static str,
}
