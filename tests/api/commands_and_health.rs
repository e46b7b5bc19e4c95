//! Running the application: start, stop, commands, health checks, CORS, and compression.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{PASSWORD, Setup, app, read_answer, spawn_app};

const APPLIED: &str = "brought the tables up to date";

#[test]
fn it_is_alive_and_ready() {
    let app = app();
    for path in ["/health/live", "/health/ready"] {
        let reply = app.get(path).succeeds(200);
        assert_eq!(reply.json, json!({ "status": "ok" }));
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
    }
}

#[test]
fn a_stop_lets_a_request_in_flight_finish_and_exits_with_0() {
    // A single worker accepts connections in order.
    let app = Setup::new().with("GABLE_WORKERS", "1").spawn();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "The last one", "content": "…" }).to_string();
    let mut stream = app.connect();
    let head = format!(
        "POST /api/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        ada.token().expect("a token"),
        body.len()
    );
    let (first, rest) = body.split_at(5);
    stream.write_all(format!("{head}{first}").as_bytes()).expect("half of a request is sent");
    // When this request is answered, the server has accepted the connection above.
    app.get("/health/live").succeeds(200);
    app.terminate();
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(app.address()).is_ok() {
        assert!(Instant::now() < deadline, "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!app.has_ended(), "it waits for the request");
    stream.write_all(rest.as_bytes()).expect("the other half is sent");
    let answer = read_answer(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(app.wait_for_end(), Some(0));
    let app = app.restart();
    assert_eq!(app.count("/api/posts?title=The%20last%20one"), 1, "it was stored");
}

#[test]
fn an_idle_server_stops_at_once() {
    let app = spawn_app();
    app.get("/health/live").succeeds(200);
    app.terminate();
    assert_eq!(app.wait_for_end(), Some(0));
}

#[test]
fn a_second_start_applies_nothing_and_finds_everything() {
    let app = spawn_app();
    assert!(app.output().contains(APPLIED), "{}", app.output());
    let ada = app.sign_up("ada");
    let app = app.restart();
    assert!(!app.output().contains(APPLIED), "{}", app.output());
    app.log_in(&ada.email, PASSWORD).get("/api/users/me").succeeds(200);
    assert_eq!(app.count("/api/auth-roles?name=Author"), 1, "the initial grants were written once");
}

#[test]
fn permissions_that_an_administrator_removed_are_not_restored_by_a_restart() {
    let app = spawn_app();
    let link = json!({ "id": app.permission("post", "Create"), "apiAction": "disconnect" });
    let author = app.role("Author");
    app.super_user().patch(&format!("/api/auth-roles/{author}"), json!({ "permissions": [link] })).succeeds(200);
    let app = app.restart();
    let ada = app.sign_up("ada");
    ada.post("/api/posts", json!({ "title": "Title", "content": "…" })).expect(403, "NotEnoughPermissions");
}

#[test]
fn two_servers_can_start_on_one_empty_database_at_once() {
    let setup = Setup::new();
    let outputs = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| setup.run(&["migrate"]))).collect();
        runs.into_iter().map(|run| run.join().expect("it ended")).collect::<Vec<_>>()
    });
    assert!(outputs.iter().all(|output| output.code == Some(0)), "{outputs:#?}");
    assert_eq!(setup.spawn().count("/api/auth-roles?name=Author"), 1);
}

#[test]
fn an_invalid_database_url_is_a_clear_error_without_its_password() {
    for url in ["nonsense", "redis://u:hunter2@localhost/0", "mysql://u:hunter2@localhost/x", "http://u:hunter2@x"] {
        let output = Setup::new().with("DATABASE_URL", url).run(&[]);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("DATABASE_URL"), "{output:?}");
        assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
    }
}

#[test]
fn a_database_that_does_not_answer_is_a_clear_error_without_its_password() {
    let output = Setup::new().with("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x").run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("database") && !format!("{output:?}").contains("hunter2"), "{output:?}");
    let output = Setup::new().with("DATABASE_URL", "sqlite:///proc/no/such/place.db").run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
}

#[test]
fn a_port_that_is_taken_is_a_clear_error() {
    let app = app();
    let port = app.address().split(':').nth(1).expect("a port").to_owned();
    let output = Setup::new().with("PORT", &port).run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains(&format!("listening on 127.0.0.1:{port}")), "{output:?}");
}

#[test]
fn all_invalid_variables_are_reported_at_once() {
    let setup = Setup::new().with("PORT", "eighty").with("GABLE_BCRYPT_COST", "99").with("GABLE_ENV", "staging");
    let output = setup.with("GABLE_RATE_LIMITS", "maybe").with("TRUSTED_PROXIES", "everywhere").run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    for name in ["PORT", "GABLE_BCRYPT_COST", "GABLE_ENV", "GABLE_RATE_LIMITS", "TRUSTED_PROXIES"] {
        assert!(output.stderr.contains(name), "{name} in {output:?}");
    }
}

#[test]
fn a_misspelt_variable_is_named_at_start() {
    let setup = Setup::new().with("GABLE_DRAIN_SECOND", "9");
    std::fs::write(setup.directory().join(".env"), "GABLE_WORKER=1\n").expect("written");
    let output = setup.run(&["migrate"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    for name in ["GABLE_DRAIN_SECONDS", "GABLE_WORKERS"] {
        assert!(output.stderr.contains(&format!("did you mean {name}?")), "{name} in {output:?}");
    }
}

#[test]
fn production_refuses_every_insecure_setting_at_once() {
    let setup = Setup::new().with("GABLE_ENV", "production").with("GABLE_INSECURE_COOKIES", "1");
    let output = setup.run(&[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    for name in ["JWT_SECRET", "GABLE_BCRYPT_COST", "GABLE_RATE_LIMITS", "GABLE_INSECURE_COOKIES"] {
        assert!(output.stderr.contains(name), "{name} in {output:?}");
    }
    let short = Setup::new().with("GABLE_ENV", "production").with("JWT_SECRET", "hunter2").run(&[]);
    assert!(short.stderr.contains("JWT_SECRET") && !short.stderr.contains("hunter2"), "{short:?}");
}

#[test]
fn production_starts_when_everything_is_set() {
    let setup =
        Setup::new().with("GABLE_ENV", "production").with("GABLE_BCRYPT_COST", "10").without("GABLE_RATE_LIMITS");
    let app = setup.with("JWT_SECRET", "0123456789abcdef0123456789abcdef").spawn();
    app.get("/health/ready").succeeds(200);
}

#[test]
fn an_unknown_command_is_refused() {
    let output = Setup::new().run(&["explode"]);
    assert_eq!(output.code, Some(2), "{output:?}");
}

#[test]
fn a_super_user_is_made_from_the_command_line() {
    let app = spawn_app();
    let root = app.super_user();
    let row = app.row(&format!("/api/users/{}", root.id));
    assert_eq!((&row["isSuperUser"], &row["isActive"]), (&json!(true), &json!(true)));
    root.get("/api/users").succeeds(200);
}

#[test]
fn a_super_user_made_beside_a_running_server_can_log_in_at_once() {
    let app = Setup::new().with("GABLE_SUPERUSER_PASSWORD", PASSWORD).spawn();
    let set = ["--set", "name=Grace Hopper", "--set", "bio=Found a moth."];
    let made = app.run(&[&["superuser", "create", "--email", "Grace@Example.com"][..], &set].concat());
    assert!(made.stdout.contains("made the super user"), "{made:?}");
    let grace = app.log_in("grace@example.com", PASSWORD);
    assert_eq!(grace.get("/api/users").succeeds(200).column("name"), ["Grace Hopper"]);
    let unknown = app.run(&["superuser", "create", "--email", "x@example.com", "--set", "colour=red"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.stderr.contains("colour"), "{unknown:?}");
}

#[test]
fn a_super_user_needs_a_free_name_and_a_good_password() {
    let setup = Setup::new().with("GABLE_SUPERUSER_PASSWORD", PASSWORD);
    let create = ["superuser", "create", "--username", "root", "--email", "root@example.com"];
    assert_eq!(setup.run(&create).code, Some(0));
    let duplicate = setup.run(&create);
    assert_eq!(duplicate.code, Some(1), "{duplicate:?}");
    assert!(duplicate.stderr.contains("already exists"), "{duplicate:?}");
    let setup = setup.with("GABLE_SUPERUSER_PASSWORD", "weak");
    let weak = setup.run(&["superuser", "create", "--username", "weak", "--email", "weak@example.com"]);
    assert_eq!(weak.code, Some(1), "{weak:?}");
    assert!(weak.stderr.contains("'password'") && !weak.stderr.contains("weak@"), "{weak:?}");
    let setup = setup.with("GABLE_SUPERUSER_PASSWORD", PASSWORD);
    let nameless = setup.run(&["superuser", "create", "--username", "nameless"]);
    assert_eq!(nameless.code, Some(1), "{nameless:?}");
    let app = setup.spawn();
    let root = app.log_in("root@example.com", PASSWORD);
    assert_eq!(root.get("/api/users").succeeds(200).column("username"), ["root"]);
}

#[test]
fn a_page_of_a_listed_origin_may_call_the_api() {
    let app = app();
    let preflight = app.request("OPTIONS", "/api/posts").header("Origin", "http://localhost:5173");
    let preflight = preflight.header("Access-Control-Request-Method", "PATCH");
    let reply = preflight.header("Access-Control-Request-Headers", "content-type,authorization").send().succeeds(200);
    assert_eq!(reply.header("Access-Control-Allow-Origin"), Some("http://localhost:5173"));
    assert_eq!(reply.header("Access-Control-Allow-Credentials"), Some("true"));
    assert!(reply.header("Access-Control-Allow-Methods").is_some_and(|methods| methods.contains("PATCH")));
    let get = app.request("GET", "/api/posts").header("Origin", "http://localhost:5173").send().succeeds(200);
    assert_eq!(get.header("Access-Control-Allow-Origin"), Some("http://localhost:5173"));
    assert!(get.header("Vary").is_some_and(|vary| vary.to_lowercase().contains("origin")), "{:?}", get.header("Vary"));
}

#[test]
fn a_page_of_another_origin_may_not() {
    let app = app();
    for origin in ["https://evil.example", "http://localhost:5174", "null", "http://localhost:5173.evil.example"] {
        let preflight = app.request("OPTIONS", "/api/posts").header("Origin", origin);
        let reply = preflight.header("Access-Control-Request-Method", "POST").send();
        assert_eq!((reply.status, &reply["status"]), (400, &json!("error")), "{origin}: {reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), None, "{origin}: {reply:?}");
        let get = app.request("GET", "/api/posts").header("Origin", origin).send();
        assert_eq!(get.header("Access-Control-Allow-Origin"), None, "{origin}: {get:?}");
    }
}

#[test]
fn answers_are_compressed_if_the_client_accepts_it() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "again and ".repeat(2000), "slug": uuid::Uuid::now_v7() });
    ada.post("/api/posts", body).succeeds(201);
    let path = format!("/api/posts?authorId={}", ada.id);
    let plain = ada.get(&path).succeeds(200);
    assert_eq!(plain.header("Content-Encoding"), None);
    for encoding in ["gzip", "br", "zstd"] {
        let reply = ada.request("GET", &path).header("Accept-Encoding", encoding).send().succeeds(200);
        assert_eq!(reply.header("Content-Encoding"), Some(encoding));
        assert!(reply.bytes.len() * 10 < plain.bytes.len(), "{encoding}: {} bytes", reply.bytes.len());
    }
}

#[test]
fn acknowledged_writes_survive_when_the_process_is_killed() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let id = ada.post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201).id();
    let app = app.restart();
    assert_eq!(app.row(&format!("/api/posts/{id}"))["authorId"], ada.id);
}
