//! More clients than the process may have file descriptors.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::harness::Setup;
use crate::ledger::Ledger;
use crate::waiting::{good_again, within};

#[test]
fn more_clients_than_descriptors_do_not_end_the_process() {
    let Some(setup) = Setup::sqlite() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    ledger.write(&ada).expect("an answer").succeeds(201);
    // Like `ulimit -n 64` before the start.
    let process = format!("--pid={}", app.process_id());
    let set = Command::new("prlimit").args([&process, "--nofile=64:64"]).status().expect("prlimit, of util-linux");
    assert!(set.success());

    let idle: Vec<TcpStream> = (0..200).map(|_| app.connect()).collect();
    let used = || fs::read_dir(format!("/proc/{}/fd", app.process_id())).expect("/proc").count();
    within(Duration::from_secs(10), "all descriptors in use", || used() >= 60);
    // They may or may not be answered; none of them ends the process.
    let impatient = ada.patient_for(Duration::from_secs(1));
    for _ in 0..3 {
        drop(impatient.request("GET", "/api/posts?limit=1").attempt());
        drop(ledger.write(&impatient));
    }
    assert!(!app.has_ended());
    drop(idle);
    good_again(Duration::from_secs(10), &app, &ada, &ledger);
    ledger.check(app.database());
}
