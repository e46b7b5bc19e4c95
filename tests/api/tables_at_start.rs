//! The check of the tables at start: tables that were changed, and tables that are being changed.

use std::thread::{scope, sleep};
use std::time::Duration;

use crate::harness::{Setup, Sql, spawn_app};

#[test]
fn tables_that_differ_from_the_schema_keep_the_application_from_starting() {
    let setup = spawn_app().kill();
    let mut sql = setup.sql();
    sql.run("ALTER TABLE comments RENAME COLUMN content TO text");
    sql.run("ALTER TABLE phones DROP COLUMN label");
    sql.run("ALTER TABLE phones ADD COLUMN label integer");
    sql.run("ALTER TABLE tags RENAME TO labels");
    let output = setup.run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    for difference in [
        "the column comments.content is missing",
        "comments.text is not in the schema and must be given a value",
        "phones.label has the type",
        "which does not hold a field of the type string",
        "the table tags is missing",
        "gable migrate",
    ] {
        assert!(output.stderr.contains(difference), "{difference} in {}", output.stderr);
    }
    for back in [
        "ALTER TABLE comments RENAME COLUMN text TO content",
        "ALTER TABLE phones DROP COLUMN label",
        "ALTER TABLE phones ADD COLUMN label varchar(40)",
        "ALTER TABLE labels RENAME TO tags",
    ] {
        sql.run(back);
    }
    drop(sql);
    setup.spawn().get("/health/ready").succeeds(200);
}

#[test]
fn an_additional_optional_column_is_no_difference() {
    let setup = spawn_app().kill();
    setup.sql().run("ALTER TABLE tags ADD COLUMN note text");
    setup.spawn().get("/health/ready").succeeds(200);
}

#[test]
fn a_start_that_waits_for_another_process_logs_it() {
    let setup = Setup::new();
    let mut other = setup.sql();
    other.run(match other {
        Sql::Sqlite(_) => "BEGIN IMMEDIATE",
        Sql::Postgres(_) => "BEGIN; SELECT pg_advisory_xact_lock(7130246190532)",
    });
    let output = scope(|scope| {
        let start = scope.spawn(|| setup.run(&["migrate"]));
        // SQLite itself waits for three seconds.
        sleep(Duration::from_secs(5));
        assert!(!start.is_finished(), "it waits");
        other.run("COMMIT");
        start.join().expect("it ended")
    });
    assert_eq!(output.code, Some(0), "{output:?}");
    let log = output.stderr + &output.stdout;
    assert!(log.contains("waiting for another process"), "{log}");
}
