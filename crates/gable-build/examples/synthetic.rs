//! Writes an application with many models, to measure the build step and the compilation of the generated crate:
//!
//! ```text
//! cargo run --release -p gable-build --example synthetic -- /tmp/big 300 12
//! ```
//!
//! writes `schema/` with 300 models of 12 fields, each of which belongs to the previous model. It measures the build
//! step twice, and leaves a crate in `generated/` whose `cargo build` can be measured.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, io};

use gable_build::{Mode, migrate, run};

/// Twelve fields of common types.
const FIELDS: [&str; 12] = [
    "title: { type: string, min: 3, max: 120 }",
    "slug: { type: string?, unique: true, pattern: \"^[a-z0-9-]+$\", max: 80 }",
    "content: { type: text, max: 5000 }",
    "status: { type: enum, values: [draft, in-review, published], default: draft }",
    "views: { type: integer, default: 0, min: 0 }",
    "price: { type: decimal, precision: 10, scale: 2, min: 0 }",
    "publishedAt: datetime?",
    "isOnline: { type: boolean, default: false }",
    "contact: email",
    "extras: { type: json?, maxBytes: 4096 }",
    "rating: { type: float?, min: 0, max: 5 }",
    "day: date",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let numbers: Option<Vec<usize>> = arguments.iter().skip(1).map(|argument| argument.parse().ok()).collect();
    match (arguments.first(), numbers.as_deref()) {
        (Some(root), Some(&[models, fields])) => measure(Path::new(root), models, fields),
        _ => {
            eprintln!("usage: synthetic DIRECTORY MODELS FIELDS");
            ExitCode::FAILURE
        }
    }
}

fn measure(root: &Path, models: usize, fields: usize) -> ExitCode {
    if let Err(error) = write(root, models, fields) {
        eprintln!("cannot write {}: {error}", root.display());
        return ExitCode::FAILURE;
    }
    for label in ["first run", "second run, unchanged"] {
        let start = Instant::now();
        let checked = match gable_schema::load(&root.join("schema")) {
            Ok(checked) => checked,
            Err(problems) => {
                eprintln!("{problems}");
                return ExitCode::FAILURE;
            }
        };
        let loaded = start.elapsed();
        if let Err(error) = migrate::migrate(&root.join("migrations"), &checked.schema, None) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        let migrated = start.elapsed();
        match run(root, Mode::Write) {
            Ok(report) => println!(
                "{label}: load {loaded:?}, migrate {:?}, run {:?} ({} of {} files written)",
                migrated - loaded,
                start.elapsed() - migrated,
                report.drift.len(),
                report.files
            ),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn write(root: &Path, models: usize, fields: usize) -> io::Result<()> {
    fs::create_dir_all(root.join("schema"))?;
    fs::write(root.join("schema/app.yaml"), "name: Synthetic\n")?;
    for number in 0..models {
        fs::write(root.join(format!("schema/item{number}.yaml")), model(number, models, fields))?;
    }
    Ok(())
}

fn model(number: usize, models: usize, fields: usize) -> String {
    let mut yaml = format!("model: Item{number}\n\nfields:\n");
    for field in 0..fields {
        let (name, rest) = FIELDS[field % FIELDS.len()].split_once(':').expect("every field has a name");
        let round = field / FIELDS.len();
        let name = if round == 0 { name.to_owned() } else { format!("{name}{round}") };
        yaml += &format!("  {name}:{rest}\n");
    }
    yaml += "\nrelations:\n";
    if number > 0 {
        yaml += &format!("  parent: {{ belongsTo: Item{}, onDelete: cascade }}\n", number - 1);
    }
    if number + 1 < models {
        yaml += &format!("  children: {{ hasMany: Item{} }}\n", number + 1);
    }
    yaml + "\naccess:\n  View: public\n"
}
