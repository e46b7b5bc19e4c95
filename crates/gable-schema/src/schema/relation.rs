//! Relations between models.

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relation {
    /// JSON name: `author`
    pub name: String,
    pub rust_name: String,
    /// SeaORM `Relation` variant: `Author`
    pub variant: String,
    /// the model's name
    pub target: String,
    pub kind: RelationKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnDelete {
    Cascade,
    Restrict,
    SetNull,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum RelationKind {
    BelongsTo {
        /// JSON name of the key: `authorId`
        field: String,
        on_delete: OnDelete,
    },
    HasOne {
        /// the matching `belongsTo` of the target
        via: String,
    },
    HasMany {
        via: String,
    },
    ManyToMany {
        /// the join table: `posts_tags`, generated unless `through` names a model
        table: String,
        /// column that holds this model's id, and the target's
        this_column: String,
        target_column: String,
        through: Option<String>,
    },
}
