# Short names for the commands in CONTRIBUTING.md. `just` without arguments lists them.

_list:
    @just --list

# Check the format, the lints and the schema
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo run --quiet -p gable-cli -- check

# Write the documentation of every item, private ones included, to target/doc
doc:
    .ci/run docs

# Licenses, duplicate versions and sources of the dependencies, against deny.toml
dependencies:
    .ci/run dependencies

# Run every test on SQLite, and the tests of the application and of queries also on PostgreSQL
test:
    GABLE_TEST_DATABASE=sqlite cargo test
    .ci/with-postgres bash -ec 'cargo test --lib oracle::; cargo test --test api'

# Run every check that must pass before a merge, or only the named steps
ci *STEPS:
    .ci/run {{STEPS}}

# Fuzz the parsers, for GABLE_FUZZ_SECONDS each
fuzz *TARGETS:
    .ci/fuzz {{TARGETS}}

# Serve the reference application
dev *ARGS:
    cargo run -- {{ARGS}}

# Update generated/ from the schema
generate:
    cargo run --quiet -p gable-cli -- generate

# Write a migration if the schema needs one
migrate *ARGS:
    cargo run --quiet -p gable-cli -- migrate {{ARGS}}

# Measure requests beside servers written by hand, build times, start-up and memory
bench *WHICH:
    benches/run {{WHICH}}
