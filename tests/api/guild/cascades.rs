//! Foreign keys that delete accounts or denied permissions together with another row. The checker refuses such a schema,
//! so these tests change the tables by SQL.

use serde_json::json;

use super::{CHAPTERS, Guild, HALLS, Member};
use crate::harness::Sql;

/// Makes the database delete the rows of a table together with their chapter.
fn cascade(sql: &mut Sql, table: &str) {
    match sql {
        Sql::Sqlite(_) => sql.run(&format!(
            "PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = replace(sql, 'ON DELETE RESTRICT', 'ON DELETE CASCADE') WHERE name = '{table}'; \
             PRAGMA writable_schema = RESET"
        )),
        Sql::Postgres(_) => sql.run(&format!(
            "ALTER TABLE {table} DROP CONSTRAINT fk_{table}_chapter_id, \
             ADD CONSTRAINT fk_{table}_chapter_id FOREIGN KEY (chapter_id) REFERENCES chapters (id) ON DELETE CASCADE"
        )),
    }
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().expect("an id")
}

/// Makes a hall with a chapter that these rows belong to, and returns their paths.
fn meeting(guild: &Guild, members: &[&Member]) -> (String, String) {
    let hall = guild.made(HALLS, json!({ "street": "Long Lane" }));
    let chapter = guild.made(CHAPTERS, json!({ "name": crate::harness::unique("chapter"), "hallId": id(&hall) }));
    for member in members {
        let path = format!("/guild/members/{}", member.id.as_str().expect("an id"));
        guild.root.client.patch(&path, json!({ "chapterId": id(&chapter) })).succeeds(200);
    }
    (hall, chapter)
}

/// Sends every request that deletes the chapter, directly or with its hall, and asserts the refusal.
fn refused_everywhere(by: &Member, (hall, chapter): &(String, String), status: u16, code: &str) {
    by.client.delete(chapter).expect(status, code);
    by.client.delete(&format!("{CHAPTERS}/many?id={}", id(chapter))).expect(status, code);
    by.client.delete(hall).expect(status, code);
    by.client.delete(&format!("{HALLS}/many?id={}", id(hall))).expect(status, code);
    let nested = json!({ "chapters": [{ "id": id(chapter), "apiAction": "delete" }] });
    by.client.patch(hall, nested).expect(status, code);
}

#[test]
fn deleting_a_row_cannot_delete_the_last_super_user_by_a_cascade() {
    let guild = Guild::new();
    let ada = guild.sign_up();
    let meeting = meeting(&guild, &[&guild.root, &ada]);
    let guild = guild.restart_after(|sql| cascade(sql, "members"));
    refused_everywhere(&guild.root, &meeting, 409, "LastSuperUser");
    let ada = guild.log_in(&ada.handle);
    refused_everywhere(&ada, &meeting, 403, "NotEnoughPermissions");
    guild.row(&meeting.1);
    assert_eq!(guild.root.client.get("/guild/members").succeeds(200)["total"], 2);
}

#[test]
fn deleting_a_row_cannot_delete_the_last_two_super_users_by_a_cascade() {
    let guild = Guild::new();
    let second = guild.sign_up();
    let path = format!("/guild/members/{}", second.id.as_str().expect("an id"));
    guild.root.client.patch(&path, json!({ "isSuperUser": true })).succeeds(200);
    let both = meeting(&guild, &[&guild.root, &second]);
    let guild = guild.restart_after(|sql| cascade(sql, "members"));
    refused_everywhere(&guild.root, &both, 409, "LastSuperUser");
    let one = meeting(&guild, &[&second]);
    guild.root.client.delete(&one.0).succeeds(204);
    guild.root.client.get(&path).expect(404, "MemberNotFound");
    guild.root.client.get("/guild/auth-roles").succeeds(200);
}

#[test]
fn deleting_a_row_cannot_delete_a_denial_by_a_cascade() {
    let guild = Guild::new();
    let bob = guild.sign_up();
    let meeting = meeting(&guild, &[]);
    let permission = ("hall", "Create");
    let denied = guild.override_of(&bob, permission, "deny");
    guild.root.client.patch(&denied, json!({ "chapterId": id(&meeting.1) })).succeeds(200);
    let guild = guild.restart_after(|sql| cascade(sql, "user_permissions"));
    let bob = guild.log_in(&bob.handle);
    refused_everywhere(&bob, &meeting, 403, "CannotGrant");
    assert!(!guild.may(&bob, permission));
    guild.root.client.delete(&meeting.0).succeeds(204);
    assert!(guild.may(&bob, permission));
}
