//! Starts applications, sends requests to them, and reads their databases. Tests use the binary (`App`), or an
//! application in their own process (`InProcess`) if they need interceptors, other settings or a clock.

mod account;
mod app;
mod client;
mod database;
mod documentation;
#[allow(dead_code, reason = "only tests/faults damages an application's surroundings")]
mod faults;
mod gazette_variants;
mod in_process;
mod journal;
mod mail_server;
mod mail_text;
mod parallel;
mod process;
mod reply;
mod shared;
mod sql;
mod wire;

pub(crate) use account::Account;
pub(crate) use app::{App, Node, Setup, spawn_app, unique};
pub(crate) use client::Client;
pub(crate) use database::TestDatabase;
pub(crate) use documentation::{blocks, section, shows};
pub(crate) use gazette_variants::{
    APP, CodeAndRedirects, ComingFromConduit, JwtOnly, OnePairPerAccount, SessionOnly, VerificationByCode,
    VerificationRequired, WELCOME, WithRedirects,
};
pub(crate) use in_process::{InProcess, Installation};
pub(crate) use journal::{Journal, record};
pub(crate) use mail_server::{MailServer, MailServerMode};
pub(crate) use mail_text::{code_in, link_in, token_in, wrong_code};
pub(crate) use parallel::{at_once, statuses, until_refused};
pub(crate) use process::Output;
pub(crate) use reply::Reply;
pub(crate) use shared::{SharedApp, app};
pub(crate) use sql::{Answer, Sql, Value as SqlValue};
pub(crate) use wire::read_answer;

/// The password of every account, unless a test is about passwords.
pub(crate) const PASSWORD: &str = "Correct-Horse-7";
