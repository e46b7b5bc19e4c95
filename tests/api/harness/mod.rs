//! Starts the application as its users would, and talks to it over HTTP. Nothing here knows how it is built.

mod account;
mod app;
mod client;
mod database;
#[allow(dead_code, reason = "only tests/faults damages an application's surroundings")]
mod faults;
mod in_process;
mod mail_server;
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
pub(crate) use in_process::InProcess;
pub(crate) use mail_server::{MailServer, Manner};
pub(crate) use parallel::{at_once, statuses, until_refused};
pub(crate) use process::Output;
pub(crate) use reply::Reply;
pub(crate) use shared::{SharedApp, app};
pub(crate) use sql::{Answer, Sql, Value as SqlValue};
pub(crate) use wire::read_answer;

/// The password of every account, unless a test is about passwords.
pub(crate) const PASSWORD: &str = "Correct-Horse-7";
