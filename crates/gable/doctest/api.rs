// A stand-in for the crate that the build step generates, with the models `Post`, `Comment` and `User`. Examples in
// doc comments include it, so that they are compiled. No example starts a server or reads a row, so these functions are
// never called.

use gable::generated::{
    AppMeta, BodyReader, DbError, Input, Migration, ModelMeta, Mounted, ObjectWriter, Resource, Row, RowValues, Uuid,
    Validate, ValidationErrors,
};
use gable::{AuthHooks, Hooks as ModelHooks, Nested, Patch};

#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub id: Uuid,
    pub title: String,
    pub subtitle: Option<String>,
    pub slug: Option<String>,
    pub author_id: Uuid,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatePost {
    pub title: String,
    pub subtitle: Option<String>,
    pub slug: Option<String>,
    pub author_id: Uuid,
    pub comments: Vec<Nested<Comment>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdatePost {
    pub title: Patch<String>,
    pub subtitle: Patch<String>,
    pub slug: Patch<String>,
    pub comments: Vec<Nested<Comment>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    pub id: Uuid,
    pub content: String,
    pub post_id: Uuid,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreateComment {
    pub content: String,
    pub post_id: Uuid,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateComment {
    pub content: Patch<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub email: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreateUser {
    pub email: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateUser {
    pub email: Patch<String>,
    pub bio: Patch<String>,
}

pub mod permission {
    pub const POST_PUBLISH: gable::Permission = gable::Permission::new(0);
}

pub type PostHooks = ModelHooks<Post>;
pub type CommentHooks = ModelHooks<Comment>;
pub type UserHooks = ModelHooks<User>;

#[derive(Default)]
pub struct Hooks {
    pub auth: AuthHooks<User>,
    pub comment: CommentHooks,
    pub post: PostHooks,
    pub user: UserHooks,
}

/// Generic, so that its constants are not evaluated.
pub struct Api<T = ()>(T);

impl<T> gable::generated::Api for Api<T> {
    type Hooks = Hooks;

    const APP: &'static AppMeta = unreachable!();
    const PERMISSIONS: usize = 1;
    const MIGRATIONS: &'static [Migration] = &[];
    const TABLES: &'static str = "";

    fn mount(hooks: Hooks) -> Mounted {
        Mounted::default().model(hooks.comment).model(hooks.post).model(hooks.user).auth(hooks.auth)
    }
}

macro_rules! input {
    ($name:ident) => {
        impl Validate for $name {
            fn validate(&self) -> Result<(), ValidationErrors> {
                unreachable!()
            }
        }

        impl Input for $name {
            fn read(_: &mut BodyReader<'_>) -> Self {
                unreachable!()
            }

            fn into_row(self, _: &mut RowValues) {
                unreachable!()
            }
        }
    };
}

macro_rules! model {
    ($name:ident, $create:ident, $update:ident) => {
        input!($create);
        input!($update);

        impl Resource for $name {
            type Id = Uuid;
            type Create = $create;
            type Update = $update;

            const META: &'static ModelMeta = &ModelMeta {
                name: stringify!($name),
                table: "",
                path: "",
                resource: "",
                kind: gable::generated::ModelKind::Ordinary,
                id: gable::generated::IdKind::Uuid,
                soft_delete: false,
                fields: &[],
                relations: &[],
                uniques: &[],
                actions: &[],
                routes: &[],
            };

            fn id(&self) -> Uuid {
                self.id
            }

            fn decode(_: &mut Row<'_>) -> Result<Self, DbError> {
                unreachable!()
            }

            fn write(&self, _: &mut ObjectWriter<'_>) {
                unreachable!()
            }
        }
    };
}

model!(Post, CreatePost, UpdatePost);
model!(Comment, CreateComment, UpdateComment);
model!(User, CreateUser, UpdateUser);
