//! A fourth application, the archive: filters of its lists are joined with OR, roles are a list, and routes preset what they
//! answer.

use gable::Gable;
use gable::testing::TestServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, Reply, TestDatabase, unique};

mod filter_mode;
mod lists;
mod presets;

const FOLDERS: &str = "/archive/folders";
const KEEPERS: &str = "/archive/keepers";
const PAPERS: &str = "/archive/papers";

/// The archive in this process. Requests through it are anonymous.
struct Archive {
    client: Client,
    /// A super user.
    root: Keeper,
    _server: TestServer,
    _database: TestDatabase,
    _directory: TempDir,
}

struct Keeper {
    client: Client,
    id: Value,
    name: String,
}

impl Archive {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let server = TestServer::start(Gable::<archive::Api>::new(), directory.path(), &variables);
        let server = server.expect("an application");
        let client = Client::new(server.url());
        let name = register(&client);
        database.change("UPDATE keepers SET is_super_user = TRUE", &[]);
        let root = log_in(&client, &name);
        Self { client, root, _server: server, _database: database, _directory: directory }
    }

    fn sign_up(&self) -> Keeper {
        log_in(&self.client, &register(&self.client))
    }

    /// A folder that the super user makes; its id.
    fn folder(&self, body: Value) -> String {
        self.root.client.post(FOLDERS, body).succeeds(201).id()
    }

    /// A folder as the database has it, through a relation that no preset narrows.
    fn stored(&self, id: &str) -> Value {
        self.root.client.get(&format!("{FOLDERS}/{id}?fields=status,label,shelf")).succeeds(200)["data"].clone()
    }
}

fn register(client: &Client) -> String {
    let name = unique("keeper");
    client.post("/archive/auth/signup", json!({ "name": name, "password": PASSWORD })).succeeds(201);
    name
}

fn log_in(client: &Client, name: &str) -> Keeper {
    let reply = client.post("/archive/auth/login", json!({ "name": name, "password": PASSWORD })).succeeds(200);
    let client = client.with_token(reply["token"].as_str().expect("a token"));
    Keeper { client, id: reply["data"]["id"].clone(), name: name.to_owned() }
}

/// What is wrong with the first parameter of a refused query.
#[track_caller]
fn refused(reply: Reply) -> String {
    let reply = reply.expect(400, "InvalidRequestQuery");
    reply["meta"]["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}
