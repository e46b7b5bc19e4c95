//! Compares lists, includes and bulk writes of the Gazette with those of a hand-written server. The servers take turns,
//! on the same database and with the same number of connections and threads.
//!
//!     queries GAZETTE PEER
//!
//! Runs on SQLite, or on PostgreSQL if `TEST_POSTGRES_URL` names a server.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use contender::Contender;
use rounds::{Measured, Plan, Work, in_turns};
use seed::Rows;

mod client;
mod compare;
mod contender;
mod rounds;
mod seed;

type Outcome = Result<(), Box<dyn Error>>;

const SMALL: Rows = Rows { posts: 10_000, comments_of_each: 10 };
const LARGE: Rows = Rows { posts: 1_000_000, comments_of_each: 0 };

const LISTS: [(&str, &str); 2] = [("newest date first", "sort=-publishedAt"), ("newest id first", "sort=-id")];
const INCLUDING: &str = "/api/posts?sort=-id&limit=20&count=false&fields=%2Bauthor,%2Bcomments&comments[limit]=5";
const MANY: &str = "/api/posts/many";

/// A database, and both servers that use it.
struct Stage {
    database: String,
    gable: Contender,
    peer: Contender,
    token: String,
}

struct Programs {
    gable: PathBuf,
    peer: PathBuf,
    directory: TempDir,
    runtime: Runtime,
}

fn main() -> Outcome {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(gable), Some(peer)) = (arguments.next(), arguments.next()) else {
        return Err("usage: queries GAZETTE PEER".into());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let programs = Programs { gable, peer, directory: tempfile::tempdir()?, runtime };
    let small = programs.stage("small", SMALL)?;
    let large = programs.stage("large", LARGE)?;
    let rounds = env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(15);
    for connections in [1, 8] {
        println!("\n{connections} connection{}", if connections == 1 { "" } else { "s" });
        let plan = Plan { rounds, turn: Duration::from_millis(300), connections };
        for (name, sort) in LISTS {
            lists(plan, &small, &large, name, sort)?;
        }
        includes(plan, &small)?;
        many(plan, &programs, &small)?;
    }
    Ok(())
}

impl Programs {
    fn stage(&self, name: &str, rows: Rows) -> Result<Stage, Box<dyn Error>> {
        let started = Instant::now();
        let database = match env::var("TEST_POSTGRES_URL") {
            Ok(administrator) => self.runtime.block_on(seed::create_database(&administrator, name))?,
            Err(_) => format!("sqlite:{}/{name}.db?mode=rwc", self.directory.path().display()),
        };
        self.gable(&database, &["migrate"])?;
        self.gable(&database, &["superuser", "create", "--username", "root", "--email", "root@example.com"])?;
        self.runtime.block_on(seed::fill(&database, rows))?;
        eprintln!("{} posts were written in {:.1} s", rows.posts, started.elapsed().as_secs_f64());
        let start = |program: &Path| Contender::start(program, self.directory.path(), &database);
        let (gable, peer) = (start(&self.gable)?, start(&self.peer)?);
        let token = compare::log_in(&gable)?;
        Ok(Stage { gable, peer, token, database })
    }

    fn gable(&self, database: &str, arguments: &[&str]) -> Outcome {
        let status = contender::command(&self.gable, self.directory.path(), database).args(arguments).status()?;
        if status.success() { Ok(()) } else { Err(format!("{arguments:?}: {status}").into()) }
    }
}

fn lists(plan: Plan, small: &Stage, large: &Stage, name: &str, sort: &str) -> Outcome {
    let path = format!("/api/posts?status=published&{sort}&limit=20");
    let uncounted = format!("{path}&count=false");
    let contenders = [&small.gable, &small.peer, &large.gable, &large.peer];
    let mut without = Vec::new();
    for (kind, path) in [("list of 20", &uncounted), ("list of 20 with its total", &path)] {
        let reading = Reading(client::get(path, None));
        for stage in [small, large] {
            compare::same_answers(stage, &reading, &[])?;
        }
        let measured = in_turns(plan, &contenders, &reading)?;
        print_comparison(&format!("{kind}, {name}, 10,000 rows"), &measured[0], &measured[1]);
        print_comparison(&format!("{kind}, {name}, 1,000,000 rows"), &measured[2], &measured[3]);
        print_growth(&measured);
        if without.is_empty() {
            without = measured;
        } else {
            print_cost_of_total(&without, &measured);
        }
    }
    Ok(())
}

fn includes(plan: Plan, stage: &Stage) -> Outcome {
    let reading = Reading(client::get(INCLUDING, Some(&stage.token)));
    compare::same_answers(stage, &reading, &[])?;
    let measured = in_turns(plan, &[&stage.gable, &stage.peer], &reading)?;
    print_comparison("20 rows with author and 5 comments each", &measured[0], &measured[1]);
    Ok(())
}

fn many(plan: Plan, programs: &Programs, stage: &Stage) -> Outcome {
    let writing = Writing { programs, stage, bodies: AtomicU32::new(0) };
    compare::same_answers(stage, &writing, &["id", "createdAt", "updatedAt"])?;
    let plan = Plan { turn: plan.turn * 3, rounds: plan.rounds.div_ceil(2), ..plan };
    let measured = in_turns(plan, &[&stage.gable, &stage.peer], &writing)?;
    print_comparison("createMany of 1,000 rows", &measured[0], &measured[1]);
    Ok(())
}

struct Reading(Vec<u8>);

impl Work for Reading {
    fn request(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn status(&self) -> u16 {
        200
    }
}

struct Writing<'a> {
    programs: &'a Programs,
    stage: &'a Stage,
    bodies: AtomicU32,
}

impl Work for Writing<'_> {
    fn request(&self) -> Vec<u8> {
        let body = self.bodies.fetch_add(1, Ordering::Relaxed);
        let post = |n: u32| {
            let content = "Of what is new there is little to tell, and of what is old there was always too much of it.";
            format!(r#"{{"title":"Letter {n} of {body}","slug":"new-{body}-{n}","content":"{content}"}}"#)
        };
        let posts: Vec<String> = (0..1000).map(post).collect();
        client::post(MANY, Some(&self.stage.token), &format!("[{}]", posts.join(",")))
    }

    fn status(&self) -> u16 {
        201
    }

    fn clean_up(&self) -> Outcome {
        self.programs.runtime.block_on(seed::delete_new_posts(&self.stage.database))
    }
}

fn print_comparison(name: &str, gable: &Measured, peer: &Measured) {
    let ratio = gable.ratio_to(peer);
    println!(
        "{name:<58} {:>8.0} /s, by hand {:>8.0} /s: {:.2} ({:.2} to {:.2}); processor {:.0} us, by hand {:.0} us",
        gable.rate(),
        peer.rate(),
        ratio.median,
        ratio.least,
        ratio.greatest,
        gable.processor(),
        peer.processor()
    );
}

/// Prints how much longer requests to the large table take, for both servers.
fn print_growth(measured: &[Measured]) {
    let (gable, peer) = (measured[0].ratio_to(&measured[2]), measured[1].ratio_to(&measured[3]));
    println!(
        "{:<58} {:>8.2} times, by hand {:.2}; {:.2} to {:.2}",
        "    time of the large table, relative to the small one",
        gable.median,
        peer.median,
        gable.least,
        gable.greatest
    );
}

/// Prints the additional time that the total takes, in milliseconds of one request.
fn print_cost_of_total(without: &[Measured], with: &[Measured]) {
    let each = |of: &[Measured], nth: usize| 1e3 / of[nth].rate();
    let added = |nth: usize| each(with, nth) - each(without, nth);
    println!(
        "{:<58} {:>8.2} ms and {:.2} ms, by hand {:.2} ms and {:.2} ms",
        "    additional time for the total, 10,000 and 1,000,000 rows",
        added(0),
        added(2),
        added(1),
        added(3)
    );
}
