//! The requests, as SeaORM's documentation would have them.

use chrono::{DateTime, Utc};
use peers::{Account, LogIn, NewPost, Outcome, Page, Query, Rights, Store};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Func, NullOrdering};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, LoaderTrait,
    Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement, TransactionTrait, Value,
};
use serde::Serialize;
use uuid::Uuid;

use crate::entities::{comment, post, user};

const RIGHTS: &str = "SELECT u.id, p.action FROM gable_grants g \
     JOIN users u ON u.id = g.account_id \
     JOIN user_roles r ON r.user_id = u.id \
     JOIN auth_roles n ON n.id = r.role_id \
     JOIN auth_permissions_auth_roles l ON l.auth_role_id = r.role_id \
     JOIN auth_permissions p ON p.id = l.auth_permission_id \
     WHERE g.id = $1 AND g.expires_at > $2 AND u.is_active AND n.name = 'Editor' AND p.resource = 'post'";
const OPEN_GRANT: &str = "INSERT INTO gable_grants (id, account_id, surface, generation, created_at, last_active_at, expires_at, ip) \
     VALUES ($1, $2, 'jwt', 0, $3, $4, $5, '127.0.0.1')";
const NOTE_LOG_IN: &str = "INSERT INTO gable_events (id, account_id, kind, surface, ip, at) \
     VALUES ($1, $2, 'logged_in', 'jwt', '127.0.0.1', $3)";

pub(crate) struct SeaOrm(pub(crate) DatabaseConnection);

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Written {
    total: usize,
    results: usize,
    data: Vec<post::Model>,
}

#[derive(Serialize)]
struct Including {
    #[serde(flatten)]
    post: post::Model,
    author: Option<user::Model>,
    comments: Vec<comment::Model>,
}

impl SeaOrm {
    async fn posts(&self, query: &Query) -> Outcome<Vec<post::Model>> {
        let mut select = post::Entity::find();
        if let Some(status) = &query.status {
            select = select.filter(post::Column::Status.eq(status));
        }
        if query.by_date {
            select = select.order_by_with_nulls(post::Column::PublishedAt, Order::Desc, NullOrdering::Last);
        }
        let select = select.order_by_desc(post::Column::Id).limit(query.rows() as u64).offset(query.offset() as u64);
        Ok(select.all(&self.0).await?)
    }

    async fn including(&self, posts: Vec<post::Model>, query: &Query) -> Outcome<Vec<Including>> {
        let authors = posts.load_one(user::Entity, &self.0).await?;
        let comments = comment::Entity::find().order_by_asc(comment::Column::Id);
        let comments = posts.load_many(comments, &self.0).await?;
        let rows = posts.into_iter().zip(authors).zip(comments);
        let including = rows.map(|((post, author), mut comments)| {
            comments.truncate(query.comments as usize);
            Including { post, author, comments }
        });
        Ok(including.collect())
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.0.get_database_backend(), sql, values)
    }
}

impl Store for SeaOrm {
    async fn post(&self, id: Uuid) -> Outcome<Option<Vec<u8>>> {
        post::Entity::find_by_id(id).one(&self.0).await?.map(data).transpose()
    }

    async fn page(&self, query: &Query) -> Outcome<Page> {
        let total = match query.counted_status() {
            Some(status) => {
                let counted = post::Entity::find().filter(post::Column::Status.eq(status));
                Some(counted.count(&self.0).await? as i64)
            }
            None => None,
        };
        let mut posts = self.posts(query).await?;
        let has_next = posts.len() > query.limit as usize;
        posts.truncate(query.limit as usize);
        let shown = posts.len();
        let rows = match query.including {
            true => rows(&self.including(posts, query).await?)?,
            false => rows(&posts)?,
        };
        Ok(Page { rows, shown, has_next, total })
    }

    async fn insert(&self, post: NewPost, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        data(new(post, author, now).insert(&self.0).await?)
    }

    async fn insert_many(&self, posts: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        let posts = posts.into_iter().map(|post| new(post, author, now));
        let data = post::Entity::insert_many(posts).exec_with_returning(&self.0).await?;
        Ok(serde_json::to_vec(&Written { total: data.len(), results: data.len(), data })?)
    }

    async fn update(&self, id: Uuid, title: String, now: DateTime<Utc>) -> Outcome<Option<Vec<u8>>> {
        let Some(post) = post::Entity::find_by_id(id).one(&self.0).await? else { return Ok(None) };
        let mut post = post.into_active_model();
        post.title = Set(title);
        post.updated_at = Set(now);
        Ok(Some(data(post.update(&self.0).await?)?))
    }

    async fn rights(&self, grant: Uuid) -> Outcome<Option<Rights>> {
        let rows = self.0.query_all_raw(self.statement(RIGHTS, [grant.into(), Utc::now().into()])).await?;
        let actions = rows.iter().map(|row| row.try_get_by_index(1)).collect::<Result<_, _>>()?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Rights { account: row.try_get_by_index(0)?, actions }))
    }

    async fn account(&self, name: String) -> Outcome<Option<Account>> {
        let found = user::Entity::find()
            .filter(user::Column::IsActive.eq(true))
            .filter(Expr::expr(Func::lower(Expr::col(user::Column::Username))).eq(name.to_lowercase()))
            .one(&self.0)
            .await?;
        Ok(found.map(|user| Account { id: user.id, hash: user.password }))
    }

    async fn log_in(&self, log_in: LogIn) -> Outcome<Vec<u8>> {
        let LogIn { account, grant, now, expires } = log_in;
        let transaction = self.0.begin().await?;
        let grant = [grant.into(), account.into(), now.into(), now.into(), expires.into()];
        transaction.execute_raw(self.statement(OPEN_GRANT, grant)).await?;
        let event = [Uuid::now_v7().into(), account.into(), now.into()];
        transaction.execute_raw(self.statement(NOTE_LOG_IN, event)).await?;
        let user = user::ActiveModel { id: Set(account), last_login_at: Set(Some(now)), ..Default::default() };
        let user = user.update(&transaction).await?;
        transaction.commit().await?;
        Ok(serde_json::to_vec(&user)?)
    }
}

fn new(post: NewPost, author: Uuid, now: DateTime<Utc>) -> post::ActiveModel {
    let NewPost { id, title, slug, content, summary, status } = post;
    post::ActiveModel {
        id: Set(id),
        title: Set(title),
        slug: Set(slug),
        content: Set(content),
        summary: Set(summary),
        status: Set(status.to_owned()),
        views: Set(0),
        published_at: Set(None),
        author_id: Set(author),
        created_at: Set(now),
        updated_at: Set(now),
    }
}

fn data(post: post::Model) -> Outcome<Vec<u8>> {
    Ok(serde_json::to_vec(&Data { data: post })?)
}

/// Rows without the brackets of their array.
fn rows<T: Serialize>(rows: &[T]) -> Outcome<Vec<u8>> {
    let mut array = serde_json::to_vec(rows)?;
    array.pop();
    Ok(array.split_off(1))
}
