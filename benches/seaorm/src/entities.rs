//! The entities, with fields in the order of their JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;

/// Serializes a time as Gable writes it, in milliseconds.
fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn optional_milliseconds<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

pub(crate) mod post {
    use sea_orm::entity::prelude::*;
    use serde::Serialize;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "posts")]
    #[serde(rename_all = "camelCase")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub title: String,
        pub slug: Option<String>,
        pub content: String,
        pub summary: Option<String>,
        pub status: String,
        pub views: i32,
        #[serde(serialize_with = "super::optional_milliseconds")]
        pub published_at: Option<DateTimeUtc>,
        pub author_id: Uuid,
        #[serde(serialize_with = "super::milliseconds")]
        pub created_at: DateTimeUtc,
        #[serde(serialize_with = "super::milliseconds")]
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::user::Entity", from = "Column::AuthorId", to = "super::user::Column::Id")]
        Author,
        #[sea_orm(has_many = "super::comment::Entity")]
        Comments,
    }

    impl Related<super::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Author.def()
        }
    }

    impl Related<super::comment::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Comments.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod user {
    use sea_orm::entity::prelude::*;
    use serde::Serialize;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "users")]
    #[serde(rename_all = "camelCase")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub username: Option<String>,
        pub email: String,
        #[serde(skip)]
        pub password: String,
        pub name: Option<String>,
        pub first_name: Option<String>,
        pub last_name: Option<String>,
        pub full_name: Option<String>,
        pub bio: Option<String>,
        pub pinned_id: Option<Uuid>,
        pub is_active: bool,
        pub is_super_user: bool,
        pub is_staff: bool,
        pub is_email_verified: bool,
        #[serde(serialize_with = "super::optional_milliseconds")]
        pub last_login_at: Option<DateTimeUtc>,
        #[serde(serialize_with = "super::optional_milliseconds")]
        pub password_changed_at: Option<DateTimeUtc>,
        #[serde(serialize_with = "super::optional_milliseconds")]
        pub deleted_self_account_at: Option<DateTimeUtc>,
        #[serde(serialize_with = "super::milliseconds")]
        pub created_at: DateTimeUtc,
        #[serde(serialize_with = "super::milliseconds")]
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod comment {
    use sea_orm::entity::prelude::*;
    use serde::Serialize;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "comments")]
    #[serde(rename_all = "camelCase")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub content: String,
        pub post_id: Uuid,
        pub author_id: Uuid,
        #[serde(serialize_with = "super::milliseconds")]
        pub created_at: DateTimeUtc,
        #[serde(serialize_with = "super::milliseconds")]
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::post::Entity", from = "Column::PostId", to = "super::post::Column::Id")]
        Post,
    }

    impl Related<super::post::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Post.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}
