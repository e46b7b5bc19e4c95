//! A log that cannot be written: a full disk, a closed pipe, a pipe that is not read. Requests, health checks and the
//! end of the process must not depend on it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{App, Setup, at_once, read_answer};

/// Fills a stuck pipe and the queue in front of it many times over: each request logs a line of 6 KB.
const REQUESTS: usize = 900;
/// Generous, because the machine may be busy. A process that waits for its log would never end.
const END: Duration = Duration::from_secs(20);

/// `/a/a/a…`: short segments, which the log does not hide.
fn long_path() -> String {
    "/a".repeat(3_000)
}

fn full_device() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has it").into()
}

fn dead_pipe() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn stuck_pipe() -> (PipeReader, Stdio) {
    let (reader, writer) = pipe().expect("a pipe");
    (reader, writer.into())
}

fn answers(app: &App) {
    app.get("/health/ready").succeeds(200);
    let ada = app.sign_up("ada");
    ada.get("/api/users/me").succeeds(200);
    app.get("/nothing").expect(404, "RouteNotFound");
}

fn ends_on_sigterm(app: &App) {
    let start = Instant::now();
    app.terminate();
    assert_eq!(app.wait_for_end(), Some(0));
    assert!(start.elapsed() < END, "{:?}", start.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_does_not_affect_requests() {
    let app = Setup::new().spawn_logging_to(full_device());
    answers(&app);
    ends_on_sigterm(&app);
}

#[test]
fn a_log_whose_reader_is_gone_does_not_affect_requests() {
    let app = Setup::new().spawn_logging_to(dead_pipe());
    answers(&app);
    ends_on_sigterm(&app);
}

#[test]
fn a_log_that_is_not_read_does_not_affect_requests_and_later_reports_the_missing_lines() {
    let (reader, writer) = stuck_pipe();
    let app = Setup::new().spawn_logging_to(writer);
    let path = long_path();
    at_once(4, |_| {
        (1..REQUESTS / 4).for_each(|_| drop(app.get(&path).expect(404, "RouteNotFound")));
        app.get(&path).expect(404, "RouteNotFound")
    });
    answers(&app);
    let mut lines = BufReader::new(reader).lines();
    let dropped = lines.by_ref().map_while(Result::ok).find(|line| line.contains("log lines: the log could not be"));
    let dropped = dropped.expect("a line that says how many lines were dropped");
    let number = dropped.split("dropped ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    assert!(number.is_some_and(|number| (1..REQUESTS).contains(&number)), "{dropped}");
    app.get("/after-the-gap").expect(404, "RouteNotFound");
    assert!(lines.map_while(Result::ok).any(|line| line.contains("/after-the-gap")), "the log continues");
}

#[test]
fn a_log_that_is_not_read_does_not_prevent_the_process_from_ending() {
    let (_reader, writer) = stuck_pipe();
    let app = Setup::new().spawn_logging_to(writer);
    let path = long_path();
    // The pipe is full long before the last request.
    (0..50).for_each(|_| drop(app.get(&path).expect(404, "RouteNotFound")));
    ends_on_sigterm(&app);
}

#[test]
fn a_command_ends_even_if_its_log_cannot_be_written() {
    let setup = Setup::new();
    let migrated = setup.run(&["migrate"]);
    assert!(migrated.code == Some(0) && migrated.stderr.contains("brought the tables up to date"), "{migrated:?}");
    assert_eq!(setup.run_logging_to(&["migrate"], dead_pipe()).code, Some(0));
    #[cfg(target_os = "linux")]
    assert_eq!(setup.run_logging_to(&["migrate"], full_device()).code, Some(0));
    let refused = setup.with("PORT", "eighty");
    assert_eq!(refused.run_logging_to(&[], dead_pipe()).code, Some(1));
    assert!(refused.run(&[]).stderr.contains("PORT"), "the error still comes out");
}

/// Finds the port of a process whose output has no reader.
fn serve_at(port: u16, setup: &Setup, stdout: PipeWriter) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gazette"));
    command.current_dir(setup.directory()).env_clear().envs(setup.variables()).env("PORT", port.to_string());
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary that Cargo built starts")
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_not_read_does_not_prevent_serving_or_ending() {
    let (_reader, mut writer) = pipe().expect("a pipe");
    writer.write_all(&[b'x'; 64 * 1024]).expect("as much as a pipe of Linux holds");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let setup = Setup::new();
    let mut child = serve_at(port, &setup, writer);
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "it does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    assert!(read_answer(&mut stream).starts_with("HTTP/1.1 200 "));
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("`kill` runs").success());
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("killed");
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
