//! Permissions and access rules.

use serde::Serialize;

/// A pair of resource and action that can be granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// `post`, `user-profile`
    pub resource: String,
    /// `View`, `Create`, `Update`, `Delete`, `Restore` (soft delete only), or a custom action
    pub action: String,
    /// `POST_PUBLISH`
    pub constant: String,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Access {
    pub action: String,
    pub description: Option<String>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    pub who: Who,
    /// all must hold; an empty list matches every row
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Who {
    Public,
    Authenticated,
    Roles(Vec<String>),
}

/// `where: { authorId: $me }`: one field equals one value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    pub field: String,
    pub value: ConditionValue,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ConditionValue {
    Me,
    Value(serde_json::Value),
    Null,
}
