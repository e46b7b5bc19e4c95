//! Migrations that `gable migrate` writes, refuses or records.

mod application;

use application::Application;
use gable_build::migrate::{History, MigrateError, Migrated, Pending, Tables, migrate, pending};
use gable_build::{Error, Mode, run};

const POST: &str = "model: Post\nfields:\n  title: string\n  views: { type: integer, default: 0 }\n";

fn step(application: &Application, name: Option<&str>) -> Result<Migrated, MigrateError> {
    migrate(&application.path("migrations"), &application.schema(), name)
}

fn wrote(application: &Application, name: Option<&str>) -> String {
    match step(application, name) {
        Ok(Migrated::Wrote { name, .. }) => name,
        other => panic!("a migration was expected, not {other:?}"),
    }
}

fn refusal(application: &Application) -> String {
    match step(application, None) {
        Err(error @ MigrateError::ByHand { .. }) => error.to_string(),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

fn post(fields: &str) -> Application {
    let application = Application::of(&[("post", POST)]);
    wrote(&application, None);
    application.write("schema/post.yaml", &format!("model: Post\nfields:\n{fields}"));
    application
}

#[test]
fn the_first_migration_creates_every_table() {
    let application = Application::of(&[("post", POST)]);
    assert_eq!(wrote(&application, None), "0001_initial");
    assert!(application.read("migrations/0001_initial.sqlite.sql").contains("CREATE TABLE \"posts\""));
    assert!(application.read("migrations/0001_initial.postgres.sql").contains("\"id\" uuid NOT NULL PRIMARY KEY"));
    assert_eq!(step(&application, None).ok(), Some(Migrated::UpToDate));
}

#[test]
fn the_snapshot_contains_the_tables_of_the_schema() {
    let application = Application::of(&[("post", POST)]);
    wrote(&application, None);
    let history = History::load(&application.path("migrations")).expect("the history was just written");
    assert_eq!(history.tables, Tables::of(&application.schema()));
}

#[test]
fn new_columns_and_indexes_are_added() {
    let application = post(
        "  title: { type: string, unique: true }\n  views: { type: integer, default: 0, index: true }\n  subtitle: string?\n  \
         stage: { type: enum, values: [draft, done], default: draft }\n",
    );
    let before = application.read("migrations/0001_initial.sqlite.sql");
    assert_eq!(wrote(&application, None), "0002_add_posts_subtitle");
    let sqlite = application.read("migrations/0002_add_posts_subtitle.sqlite.sql");
    let lines: Vec<&str> = sqlite.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "ALTER TABLE \"posts\" ADD COLUMN \"subtitle\" TEXT NULL;",
            "ALTER TABLE \"posts\" ADD COLUMN \"stage\" TEXT NOT NULL DEFAULT 'draft' CONSTRAINT \"ck_posts_stage\" CHECK (\"stage\" IN ('draft', 'done'));",
            "CREATE UNIQUE INDEX \"uq_posts_title\" ON \"posts\" (\"title\");",
            "CREATE INDEX \"idx_posts_views\" ON \"posts\" (\"views\");",
        ]
    );
    assert_eq!(application.read("migrations/0001_initial.sqlite.sql"), before, "the history is append-only");
    assert_eq!(step(&application, None).ok(), Some(Migrated::UpToDate));
}

#[test]
fn a_field_that_becomes_case_insensitive_gets_another_index() {
    let application = post("  title: { type: string, unique: true }\n  views: { type: integer, default: 0 }\n");
    wrote(&application, Some("unique"));
    let wanted =
        "  title: { type: string, unique: true, caseInsensitive: true }\n  views: { type: integer, default: 0 }\n";
    application.write("schema/post.yaml", &format!("model: Post\nfields:\n{wanted}"));
    let name = wrote(&application, Some("case"));
    let sql = |dialect: &str| application.read(&format!("migrations/{name}.{dialect}.sql"));
    let drop = "DROP INDEX \"uq_posts_title\";\n\n";
    assert_eq!(
        sql("sqlite"),
        format!("{drop}CREATE UNIQUE INDEX \"uq_posts_title\" ON \"posts\" (lower(\"title\"));\n")
    );
    let postgres = "CREATE UNIQUE INDEX \"uq_posts_title\" ON \"posts\" (lower(\"title\" COLLATE \"C\"));\n";
    assert_eq!(sql("postgres"), format!("{drop}{postgres}"));
    assert_eq!(step(&application, None).ok(), Some(Migrated::UpToDate));
}

#[test]
fn new_tables_may_refer_to_each_other_in_a_cycle() {
    let application = post("  title: string\n  views: { type: integer, default: 0 }\n");
    application.write(
        "schema/a.yaml",
        "model: Alpha\nrelations:\n  beta: { belongsTo: Beta, optional: true, onDelete: setNull }\n",
    );
    application.write(
        "schema/b.yaml",
        "model: Beta\nrelations:\n  alpha: { belongsTo: Alpha, optional: true, onDelete: cascade }\n",
    );
    assert_eq!(wrote(&application, Some("greek")), "0002_greek");
    let postgres = application.read("migrations/0002_greek.postgres.sql");
    let key = postgres.find("ADD CONSTRAINT \"fk_alphas_beta_id\"").expect("the key is added");
    assert!(postgres.rfind("CREATE TABLE").expect("tables are made") < key, "keys come after all tables");
    assert!(postgres.contains("REFERENCES \"betas\" (\"id\") ON DELETE SET NULL"));
}

#[test]
fn an_index_that_the_schema_no_longer_has_is_dropped() {
    let application = Application::of(&[("post", "model: Post\nfields:\n  title: { type: string, index: true }\n")]);
    wrote(&application, None);
    application.write("schema/post.yaml", "model: Post\nfields:\n  title: string\n");
    assert_eq!(wrote(&application, None), "0002_drop_idx_posts_title");
    assert_eq!(
        application.read("migrations/0002_drop_idx_posts_title.sqlite.sql"),
        "DROP INDEX \"idx_posts_title\";\n"
    );
}

#[test]
fn an_index_with_other_columns_is_dropped_before_a_new_one_takes_its_name() {
    let comment =
        "model: Comment\nfields:\n  content: string\nrelations:\n  post: { belongsTo: Post, onDelete: cascade }\n";
    let application = Application::of(&[("post", POST), ("comment", comment)]);
    wrote(&application, None);
    let snapshot = "migrations/0001_initial.tables.json";
    let before = application.read(snapshot).replace("[\"post_id\",\"id\"]", "[\"post_id\"]");
    application.write(snapshot, &before);
    wrote(&application, Some("key_order"));
    assert_eq!(
        application.read("migrations/0002_key_order.postgres.sql"),
        "DROP INDEX \"idx_comments_post_id\";\n\n\
         CREATE INDEX \"idx_comments_post_id\" ON \"comments\" (\"post_id\", \"id\");\n"
    );
}

#[test]
fn a_listed_index_that_a_key_has_anyway_is_created_once() {
    let comment = "model: Comment\nfields:\n  content: string\nrelations:\n  post: { belongsTo: Post, onDelete: cascade }\n\
                   indexes:\n  - [postId, id]\n  - [postId, content]\n";
    let application = Application::of(&[("post", POST), ("comment", comment)]);
    let tables = Tables::of(&application.schema());
    let indexes = &tables.table("comments").expect("a table of comments").indexes;
    let columns: Vec<_> = indexes.iter().map(|index| index.columns.join(", ")).collect();
    assert_eq!(columns, ["post_id, id", "post_id, content"]);
}

#[test]
fn a_changed_order_or_default_needs_no_migration() {
    let application = post("  views: { type: integer, default: 7 }\n  title: string\n");
    assert_eq!(step(&application, None).ok(), Some(Migrated::UpToDate));
}

#[test]
fn changes_that_could_lose_data_are_listed_and_refused() {
    let application = post("  views: { type: bigint, default: 0 }\n  name: string\n");
    let refused = refusal(&application);
    for part in [
        "column \"posts\".\"title\" is missing from the schema",
        "column \"posts\".\"views\" was Integer and is Bigint",
        "column \"posts\".\"name\" is new, required and without a constant default",
        "migrations/0002_by_hand.sqlite.sql",
    ] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
    assert!(!application.exists("migrations/0002_by_hand.sqlite.sql"), "nothing is written");
}

#[test]
fn a_migration_written_by_hand_is_recorded() {
    let application = post("  views: { type: bigint, default: 0 }\n  title: string\n");
    refusal(&application);
    application.write("migrations/0002_widen.sqlite.sql", "SELECT 1;\n");
    application
        .write("migrations/0002_widen.postgres.sql", "ALTER TABLE \"posts\" ALTER COLUMN \"views\" TYPE bigint;\n");
    assert!(matches!(run(application.root(), Mode::Write), Err(Error::Unrecorded(name)) if name == "0002_widen"));
    assert_eq!(step(&application, None).ok(), Some(Migrated::Recorded { name: "0002_widen".to_owned() }));
    assert_eq!(application.read("migrations/0002_widen.sqlite.sql"), "SELECT 1;\n");
    assert_eq!(step(&application, None).ok(), Some(Migrated::UpToDate));
    run(application.root(), Mode::Write).unwrap_or_else(|error| panic!("{error}"));
    assert!(application.read("generated/src/migrations.rs").contains("0002_widen"));
}

#[test]
fn the_generated_crate_contains_the_fingerprints_of_schema_and_newest_migration() {
    let application = Application::of(&[("post", POST)]);
    wrote(&application, None);
    run(application.root(), Mode::Write).unwrap_or_else(|error| panic!("{error}"));
    let fingerprint = Tables::of(&application.schema()).fingerprint();
    assert_eq!(application.read("generated/src/migrations.rs").matches(&fingerprint).count(), 2);
}

#[test]
fn pending_writes_nothing() {
    let application = Application::of(&[("post", POST)]);
    let found = pending(&application.path("migrations"), &application.schema());
    assert_eq!(found.ok(), Some(Pending::Migration("0001_initial".to_owned())));
    assert!(!application.exists("migrations"));
}

#[test]
fn a_history_with_a_missing_file_is_an_error() {
    let application = Application::of(&[("post", POST)]);
    wrote(&application, None);
    std::fs::remove_file(application.path("migrations/0001_initial.postgres.sql")).expect("the file exists");
    let error = step(&application, None).expect_err("a file is missing").to_string();
    assert!(error.contains("0001_initial.postgres.sql is missing"), "{error}");
}

#[test]
fn the_name_of_a_migration_cannot_leave_the_directory() {
    let application = Application::of(&[("post", POST)]);
    assert!(matches!(step(&application, Some("../x")), Err(MigrateError::Name(_))));
    assert!(matches!(step(&application, Some("")), Err(MigrateError::Name(_))));
}
