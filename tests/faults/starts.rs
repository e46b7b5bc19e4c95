//! Several processes that open a database for the first time.

use std::thread;

use crate::harness::Setup;

/// `GABLE_TEST_ROUNDS` sets another number.
const ROUNDS: usize = 20;

#[test]
fn five_processes_can_start_on_one_empty_file_at_once() {
    let rounds = std::env::var("GABLE_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    for round in 0..rounds {
        let Some(setup) = Setup::sqlite() else { return };
        let outputs = thread::scope(|scope| {
            let runs: Vec<_> = (0..5).map(|_| scope.spawn(|| setup.run(&["migrate"]))).collect();
            runs.into_iter().map(|run| run.join().expect("it ended")).collect::<Vec<_>>()
        });
        assert!(outputs.iter().all(|output| output.code == Some(0)), "round {round}: {outputs:#?}");
    }
}
