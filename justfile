# Short names for what CONTRIBUTING.md says. `just` alone lists them.

_list:
    @just --list

# Format, lints and the schema
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

# Every test on SQLite, and those that ask a server on PostgreSQL
test:
    GABLE_TEST_DATABASE=sqlite cargo test
    .ci/with-postgres bash -ec 'cargo test --lib query::oracle; cargo test --test api'

# All that has to hold before a merge
ci *STEPS:
    .ci/run {{STEPS}}

# Feed the parsers what nobody thought of; GABLE_FUZZ_SECONDS says how long
fuzz *TARGETS:
    .ci/fuzz {{TARGETS}}

# Serve the reference application
dev *ARGS:
    cargo run -- {{ARGS}}

# Bring generated/ up to date
generate:
    cargo run --quiet -p gable-cli -- generate

# Write the migration that leads to the schema
migrate *ARGS:
    cargo run --quiet -p gable-cli -- migrate {{ARGS}}

# Build times, start-up, memory
bench *WHICH:
    benches/run {{WHICH}}
