//! A third application, the guild: its role models have keys that may be changed, and halls own chapters, which have
//! members. What the database does by itself there must not get around the rules on roles and super users.

use gable::Gable;
use gable::testing::TestServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, Sql, TestDatabase, unique};

mod badges;
mod cascades;
mod moving;

const CHAPTERS: &str = "/guild/chapters";
const HALLS: &str = "/guild/halls";
const OVERRIDES: &str = "/guild/user-permissions";
const ASSIGNMENTS: &str = "/guild/user-roles";

/// The guild in this process. Requests through it are anonymous.
struct Guild {
    client: Client,
    root: Member,
    server: Option<TestServer>,
    database: TestDatabase,
    directory: TempDir,
}

struct Member {
    client: Client,
    id: Value,
    handle: String,
}

impl Guild {
    /// With one super user, the `root`.
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let (client, server) = start(&database, &directory);
        let nobody = Member { client: client.clone(), id: Value::Null, handle: String::new() };
        let mut guild = Self { client, root: nobody, server: Some(server), database, directory };
        let root = guild.register();
        guild.database.change("UPDATE members SET is_super_user = TRUE", &[]);
        guild.root = guild.log_in(&root);
        guild
    }

    /// Stops it, changes its database, and starts it again.
    fn restart_after(&mut self, change: impl FnOnce(&mut Sql)) {
        self.server = None;
        change(&mut self.database.sql());
        let (client, server) = start(&self.database, &self.directory);
        (self.client, self.server) = (client, Some(server));
        self.root = self.log_in(&self.root.handle);
    }

    fn register(&self) -> String {
        let handle = unique("member");
        self.client.post("/guild/auth/signup", json!({ "handle": handle, "password": PASSWORD })).succeeds(201);
        handle
    }

    fn log_in(&self, handle: &str) -> Member {
        let body = json!({ "handle": handle, "password": PASSWORD });
        let reply = self.client.post("/guild/auth/login", body).succeeds(200);
        let client = self.client.with_token(reply["token"].as_str().expect("a token"));
        Member { client, id: reply["data"]["id"].clone(), handle: handle.to_owned() }
    }

    fn sign_up(&self) -> Member {
        self.log_in(&self.register())
    }

    /// Somebody who may do everything with role models, and with halls and chapters; not with members.
    fn manager(&self) -> Member {
        let manager = self.sign_up();
        for resource in ["auth-role", "auth-permission", "user-role", "user-permission"] {
            for action in ["View", "Create", "Update", "Delete"] {
                self.override_of(&manager, (resource, action), "allow");
            }
        }
        manager
    }

    fn permission(&self, (resource, action): (&str, &str)) -> Value {
        let path = format!("/guild/auth-permissions?resource={resource}&action={action}");
        self.root.client.get(&path).succeeds(200)["data"][0]["id"].clone()
    }

    /// An override as the super user writes it; its path.
    fn override_of(&self, member: &Member, permission: (&str, &str), effect: &str) -> String {
        let permission = self.permission(permission);
        let body = json!({ "memberId": member.id, "permissionId": permission, "effect": effect });
        format!("{OVERRIDES}/{}", self.root.client.post(OVERRIDES, body).succeeds(201).id())
    }

    /// A role that the super user makes; its id.
    fn role(&self, permissions: &[(&str, &str)]) -> Value {
        let links: Vec<Value> = permissions.iter().map(|pair| json!({ "id": self.permission(*pair) })).collect();
        let body = json!({ "name": unique("role"), "permissions": links });
        self.root.client.post("/guild/auth-roles", body).succeeds(201).id().into()
    }

    fn row(&self, path: &str) -> Value {
        self.root.client.get(path).succeeds(200)["data"].clone()
    }

    /// The path of a new row.
    fn made(&self, list: &str, body: Value) -> String {
        format!("{list}/{}", self.root.client.post(list, body).succeeds(201).id())
    }

    fn may(&self, member: &Member, (resource, action): (&str, &str)) -> bool {
        let account = member.id.as_str().expect("an id");
        let path = format!("/guild/auth-permissions/explain?account={account}&resource={resource}&action={action}");
        self.root.client.get(&path).succeeds(200)["data"]["allowed"].as_bool().expect("an answer")
    }
}

fn start(database: &TestDatabase, directory: &TempDir) -> (Client, TestServer) {
    let variables = [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
    let server = TestServer::start(Gable::<guild::Api>::new(), directory.path(), &variables).expect("an application");
    (Client::new(server.url()), server)
}
