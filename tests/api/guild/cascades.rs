//! Deletions that take accounts, or denials, along because the tables say so. The checker refuses such a schema, so the
//! tables are changed by hand here.

use serde_json::json;

use super::{CHAPTERS, Guild, HALLS, Member};
use crate::harness::Sql;

/// Makes the database delete rows of a table with the chapter that they belong to.
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

/// A hall with a chapter that these belong to; their paths.
fn meeting(guild: &Guild, members: &[&Member]) -> (String, String) {
    let hall = guild.made(HALLS, json!({ "street": "Long Lane" }));
    let chapter = guild.made(CHAPTERS, json!({ "name": crate::harness::unique("chapter"), "hallId": id(&hall) }));
    for member in members {
        let path = format!("/guild/members/{}", member.id.as_str().expect("an id"));
        guild.root.client.patch(&path, json!({ "chapterId": id(&chapter) })).succeeds(200);
    }
    (hall, chapter)
}

/// Every request that deletes the chapter, or the hall with the chapter in it, and its answer's code and status.
fn refused_everywhere(by: &Member, (hall, chapter): &(String, String), status: u16, code: &str) {
    by.client.delete(chapter).expect(status, code);
    by.client.delete(&format!("{CHAPTERS}/many?id={}", id(chapter))).expect(status, code);
    by.client.delete(hall).expect(status, code);
    by.client.delete(&format!("{HALLS}/many?id={}", id(hall))).expect(status, code);
    let nested = json!({ "chapters": [{ "id": id(chapter), "apiAction": "delete" }] });
    by.client.patch(hall, nested).expect(status, code);
}

#[test]
fn the_last_super_user_does_not_go_with_a_row_that_they_belong_to() {
    let mut guild = Guild::new();
    let ada = guild.sign_up();
    let meeting = meeting(&guild, &[&guild.root, &ada]);
    guild.restart_after(|sql| cascade(sql, "members"));
    refused_everywhere(&guild.root, &meeting, 409, "LastSuperUser");
    let ada = guild.log_in(&ada.handle);
    refused_everywhere(&ada, &meeting, 403, "NotEnoughPermissions");
    guild.row(&meeting.1);
    assert_eq!(guild.root.client.get("/guild/members").succeeds(200)["total"], 2);
}

#[test]
fn the_last_two_super_users_do_not_go_together() {
    let mut guild = Guild::new();
    let second = guild.sign_up();
    let path = format!("/guild/members/{}", second.id.as_str().expect("an id"));
    guild.root.client.patch(&path, json!({ "isSuperUser": true })).succeeds(200);
    let both = meeting(&guild, &[&guild.root, &second]);
    guild.restart_after(|sql| cascade(sql, "members"));
    refused_everywhere(&guild.root, &both, 409, "LastSuperUser");
    let one = meeting(&guild, &[&second]);
    guild.root.client.delete(&one.0).succeeds(204);
    guild.root.client.get(&path).expect(404, "MemberNotFound");
    guild.root.client.get("/guild/auth-roles").succeeds(200);
}

#[test]
fn a_denial_does_not_go_with_a_row_that_it_belongs_to() {
    let mut guild = Guild::new();
    let bob = guild.sign_up();
    let meeting = meeting(&guild, &[]);
    let permission = ("hall", "Create");
    let denied = guild.override_of(&bob, permission, "deny");
    guild.root.client.patch(&denied, json!({ "chapterId": id(&meeting.1) })).succeeds(200);
    guild.restart_after(|sql| cascade(sql, "user_permissions"));
    let bob = guild.log_in(&bob.handle);
    refused_everywhere(&bob, &meeting, 403, "CannotGrant");
    assert!(!guild.may(&bob, permission));
    guild.root.client.delete(&meeting.0).succeeds(204);
    assert!(guild.may(&bob, permission));
}
