//! A fourth application, the archive: filters of its lists are joined with OR, an account's roles are a list, and its
//! routes have presets.

use serde_json::{Value, json};

use crate::harness::{Client, InProcess, PASSWORD, Reply, unique};

mod filter_mode;
mod lists;
mod presets;

const FOLDERS: &str = "/archive/folders";
const KEEPERS: &str = "/archive/keepers";
const PAPERS: &str = "/archive/papers";

/// The archive, running in this process.
struct Archive {
    app: InProcess,
    /// A super user.
    root: Keeper,
}

struct Keeper {
    client: Client,
    id: Value,
    name: String,
}

impl Archive {
    fn new() -> Self {
        let app = InProcess::of::<archive::Api>();
        let name = register(&app);
        app.run("UPDATE keepers SET is_super_user = TRUE");
        let root = log_in(&app, &name);
        Self { app, root }
    }

    fn sign_up(&self) -> Keeper {
        log_in(&self.app, &register(&self.app))
    }

    /// Makes a folder as the super user and returns its id.
    fn folder(&self, body: Value) -> String {
        self.root.client.post(FOLDERS, body).succeeds(201).id()
    }

    /// The folder as it is stored: the route of a single row has no preset.
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

/// The message about the first refused parameter.
#[track_caller]
fn refused(reply: Reply) -> String {
    let reply = reply.expect(400, "InvalidRequestQuery");
    reply["meta"]["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}
