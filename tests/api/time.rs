//! What ends by itself, with a clock that is put forward instead of waited for.

use std::time::{Duration, Instant};

use gable::testing::TestServer;
use gable::{Clock, Gable};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Sql;

const PASSWORD: &str = "Analytical-1843";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An application in this process, and the clock on its wall.
struct Timed {
    clock: Clock,
    server: TestServer,
    directory: TempDir,
}

impl Timed {
    fn start() -> Self {
        let timed = Self::start_in(TempDir::new().expect("a directory"), Clock::default());
        let signed_up = timed.post("/api/auth/signup", &json!({ "email": "ada@example.com", "password": PASSWORD }));
        assert_eq!(signed_up.0, 201, "{}", signed_up.1);
        timed
    }

    fn start_in(directory: TempDir, clock: Clock) -> Self {
        let database = format!("sqlite://{}", directory.path().join("data.db").display());
        let variables = [("DATABASE_URL", database.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<api::Api>::new().clock(clock.clone());
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        Self { clock, server, directory }
    }

    /// Stops, and starts again later.
    fn restart_after(self, pause: Duration) -> Self {
        let Self { clock, server, directory } = self;
        drop(server);
        clock.advance(pause);
        Self::start_in(directory, clock)
    }

    /// How many rows one of the runtime's own tables has.
    fn rows(&self, table: &str) -> i64 {
        let url = format!("sqlite://{}", self.directory.path().join("data.db").display());
        Sql::open(&url).value(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// Waits for what happens beside the requests.
    fn eventually_has_rows(&self, table: &str, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.rows(table) != wanted {
            assert!(Instant::now() < deadline, "{table} has {} rows, not {wanted}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut reply = agent.post(format!("{}{path}", self.server.url())).send_json(body).expect("an answer");
        (reply.status().as_u16(), reply.body_mut().read_json().unwrap_or_default())
    }

    fn log_in(&self, password: &str) -> (u16, Value) {
        self.post("/api/auth/login", &json!({ "email": "ada@example.com", "password": password }))
    }

    /// The status and code of one's own page.
    fn me(&self, token: &str) -> (u16, Value) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let asked =
            agent.get(format!("{}/api/users/me", self.server.url())).header("Authorization", format!("Bearer {token}"));
        let mut reply = asked.call().expect("an answer");
        let body: Value = reply.body_mut().read_json().unwrap_or_default();
        (reply.status().as_u16(), body["code"].clone())
    }
}

fn token(reply: &Value) -> String {
    reply["token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_token_ends_after_thirty_days_and_says_that_it_expired() {
    let timed = Timed::start();
    let token = token(&timed.log_in(PASSWORD).1);
    timed.clock.advance(29 * DAY);
    assert_eq!(timed.me(&token).0, 200);
    timed.clock.advance(DAY + MINUTE);
    assert_eq!(timed.me(&token), (401, json!("ExpiredToken")));
    assert_eq!(timed.log_in(PASSWORD).0, 200, "a new log-in opens the door again");
}

#[test]
fn a_locked_account_opens_by_itself_after_a_quarter_of_an_hour() {
    let timed = Timed::start();
    let wrong: Vec<u16> = (0..5).map(|_| timed.log_in("Wrong-1234").0).collect();
    assert_eq!(wrong, [401; 5]);
    assert_eq!(timed.log_in(PASSWORD).0, 423);
    timed.clock.advance(14 * MINUTE);
    assert_eq!(timed.log_in(PASSWORD).0, 423, "it is not yet time");
    timed.clock.advance(2 * MINUTE);
    assert_eq!(timed.log_in(PASSWORD).0, 200);
}

#[test]
fn after_a_lock_the_count_begins_anew() {
    let timed = Timed::start();
    (0..5).for_each(|_| assert_eq!(timed.log_in("Wrong-1234").0, 401));
    timed.clock.advance(16 * MINUTE);
    (0..4).for_each(|_| assert_eq!(timed.log_in("Wrong-1234").0, 401));
    assert_eq!(timed.log_in(PASSWORD).0, 200, "four wrong ones after the lock do not lock again");
}

#[test]
fn expired_log_ins_are_cleared_away_and_events_are_kept_for_a_while() {
    let timed = Timed::start();
    assert_eq!(timed.log_in(PASSWORD).0, 200);
    assert_eq!((timed.rows("gable_grants"), timed.rows("gable_events")), (1, 2));
    let timed = timed.restart_after(31 * DAY);
    timed.eventually_has_rows("gable_grants", 0);
    assert_eq!(timed.rows("gable_events"), 2, "thirty days are not long ago");
    let timed = timed.restart_after(60 * DAY);
    timed.eventually_has_rows("gable_events", 0);
}
