//! A third application, the guild: its role models have keys that may be changed, and halls own chapters, which have
//! members. Cascades in the database must not bypass the rules on roles and super users.

use serde_json::{Value, json};

use crate::harness::{Client, InProcess, PASSWORD, Sql, unique};

mod cascades;
mod moved_role_data;
mod related_identifier;

const CHAPTERS: &str = "/guild/chapters";
const HALLS: &str = "/guild/halls";
const OVERRIDES: &str = "/guild/user-permissions";
const ASSIGNMENTS: &str = "/guild/user-roles";

/// The guild, running in this process.
struct Guild {
    app: InProcess,
    root: Member,
}

struct Member {
    client: Client,
    id: Value,
    handle: String,
}

impl Guild {
    /// Starts the guild with one super user, the `root`.
    fn new() -> Self {
        let app = InProcess::of::<guild::Api>();
        let anonymous = Member { client: (*app).clone(), id: Value::Null, handle: String::new() };
        let mut guild = Self { app, root: anonymous };
        let root = guild.register();
        guild.app.run("UPDATE members SET is_super_user = TRUE");
        guild.root = guild.log_in(&root);
        guild
    }

    /// Stops the guild, changes its database, and starts it again.
    fn restart_after(self, change: impl FnOnce(&mut Sql)) -> Self {
        let Self { app, root } = self;
        let app = app.restart(|installation| {
            change(&mut installation.sql());
            installation
        });
        let mut guild = Self { app, root };
        guild.root = guild.log_in(&guild.root.handle);
        guild
    }

    fn register(&self) -> String {
        let handle = unique("member");
        self.app.post("/guild/auth/signup", json!({ "handle": handle, "password": PASSWORD })).succeeds(201);
        handle
    }

    fn log_in(&self, handle: &str) -> Member {
        let body = json!({ "handle": handle, "password": PASSWORD });
        let reply = self.app.post("/guild/auth/login", body).succeeds(200);
        let client = self.app.with_token(reply["token"].as_str().expect("a token"));
        Member { client, id: reply["data"]["id"].clone(), handle: handle.to_owned() }
    }

    fn sign_up(&self) -> Member {
        self.log_in(&self.register())
    }

    /// A new member with every permission on role models, halls and chapters, and none on members.
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

    /// Makes an override as the super user and returns its path.
    fn override_of(&self, member: &Member, permission: (&str, &str), effect: &str) -> String {
        let permission = self.permission(permission);
        let body = json!({ "memberId": member.id, "permissionId": permission, "effect": effect });
        format!("{OVERRIDES}/{}", self.root.client.post(OVERRIDES, body).succeeds(201).id())
    }

    /// Makes a role as the super user and returns its id.
    fn role(&self, permissions: &[(&str, &str)]) -> Value {
        let links: Vec<Value> = permissions.iter().map(|pair| json!({ "id": self.permission(*pair) })).collect();
        let body = json!({ "name": unique("role"), "permissions": links });
        self.root.client.post("/guild/auth-roles", body).succeeds(201).id().into()
    }

    fn row(&self, path: &str) -> Value {
        self.root.client.get(path).succeeds(200)["data"].clone()
    }

    /// Makes a row as the super user and returns its path.
    fn made(&self, list: &str, body: Value) -> String {
        format!("{list}/{}", self.root.client.post(list, body).succeeds(201).id())
    }

    fn may(&self, member: &Member, (resource, action): (&str, &str)) -> bool {
        let account = member.id.as_str().expect("an id");
        let path = format!("/guild/auth-permissions/explain?account={account}&resource={resource}&action={action}");
        self.root.client.get(&path).succeeds(200)["data"]["allowed"].as_bool().expect("an answer")
    }
}
