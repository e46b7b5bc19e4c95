//! The statements that are the same for both databases, written for exactly these tables.

use peers::Query;

use crate::json::{POST, put};

/// The position in [`lists`] of the statement for a query.
pub(crate) fn list(query: &Query) -> usize {
    usize::from(query.status.is_some()) * 2 + usize::from(query.by_date)
}

/// The statements that list posts: of all and of one status, each by id and by date in the order of the index.
pub(crate) fn lists() -> [String; 4] {
    let list = |filter: &str, date: &str| {
        format!("SELECT {POST} FROM posts {filter} ORDER BY {date} id DESC LIMIT $1 OFFSET $2")
    };
    let (all, of_status) = ("", "WHERE status = $3");
    let (by_id, by_date) = ("", "published_at DESC NULLS LAST,");
    [list(all, by_id), list(all, by_date), list(of_status, by_id), list(of_status, by_date)]
}

pub(crate) const COUNT: &str = "SELECT count(*) FROM posts WHERE status = $1";
/// Only editors have permissions here, which hold for every post.
pub(crate) const RIGHTS: &str = "SELECT u.id, p.action FROM gable_grants g \
     JOIN users u ON u.id = g.account_id \
     JOIN user_roles r ON r.user_id = u.id \
     JOIN auth_roles n ON n.id = r.role_id \
     JOIN auth_permissions_auth_roles l ON l.auth_role_id = r.role_id \
     JOIN auth_permissions p ON p.id = l.auth_permission_id \
     WHERE g.id = $1 AND g.expires_at > $2 AND u.is_active AND n.name = 'Editor' AND p.resource = 'post'";
pub(crate) const ACCOUNT: &str = "SELECT id, password FROM users WHERE is_active AND lower(username) = lower($1)";
pub(crate) fn update() -> String {
    format!("UPDATE posts SET title = $2, updated_at = $3 WHERE id = $1 RETURNING {POST}")
}

/// `{"total":…,"results":…,"data":[`
pub(crate) fn written_many(count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + count * 512);
    put(&mut out, format_args!("{{\"total\":{count},\"results\":{count},\"data\":["));
    out
}
