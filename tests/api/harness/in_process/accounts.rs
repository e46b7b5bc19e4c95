//! Accounts of the Gazette, made by requests to its `jwt` surface.

use serde_json::{Value, json};

use super::super::{Client, PASSWORD, unique};
use super::InProcess;

impl InProcess {
    /// A new account with the default role.
    pub(crate) fn author(&self) -> Client {
        let email = self.sign_up("author");
        self.log_in(&email)
    }

    /// A new account that is also an Editor.
    pub(crate) fn editor(&self) -> Client {
        let (editor, root) = (self.author(), self.super_user());
        let (user, roles) = (editor.get("/api/users/me"), root.get("/api/auth-roles?name=Editor"));
        let assigned =
            json!({ "userId": user.succeeds(200)["data"]["id"], "roleId": roles.succeeds(200)["data"][0]["id"] });
        root.post("/api/user-roles", assigned).succeeds(201);
        editor
    }

    /// A new super user, made by SQL: no request can make the first one.
    pub(crate) fn super_user(&self) -> Client {
        let email = self.sign_up("root");
        self.run(&format!("UPDATE users SET is_super_user = TRUE WHERE email = '{email}'"));
        self.log_in(&email)
    }

    /// Makes an account and returns its e-mail address.
    pub(crate) fn sign_up(&self, name: &str) -> String {
        let email = format!("{}@example.com", unique(name));
        self.post("/api/auth/signup", credentials(&email)).succeeds(201);
        email
    }

    /// A client with a token of the account.
    pub(crate) fn log_in(&self, email: &str) -> Client {
        let logged_in = self.post("/api/auth/login", credentials(email)).succeeds(200);
        self.with_token(logged_in["token"].as_str().expect("a token"))
    }
}

fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}
