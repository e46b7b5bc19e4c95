CREATE TABLE "auth_permissions" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "resource" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "auth_roles" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "description" TEXT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "comments" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "content" TEXT NOT NULL,
    "post_id" BLOB NOT NULL REFERENCES "posts" ("id") ON DELETE CASCADE,
    "author_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "phones" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "number" TEXT NOT NULL,
    "label" TEXT NULL,
    "user_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "posts" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "slug" TEXT NULL,
    "content" TEXT NOT NULL,
    "summary" TEXT NULL,
    "status" TEXT NOT NULL DEFAULT 'draft' CONSTRAINT "ck_posts_status" CHECK ("status" IN ('draft', 'review', 'published')),
    "views" INTEGER NOT NULL DEFAULT 0,
    "published_at" TEXT NULL,
    "author_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "readings" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "notes" TEXT NULL,
    "contact" TEXT NOT NULL,
    "tickets" TEXT NULL,
    "seats" INTEGER NOT NULL,
    "visitors" BIGINT NOT NULL DEFAULT 0,
    "rating" REAL NULL,
    "price" REAL NOT NULL,
    "is_online" BOOLEAN NOT NULL DEFAULT FALSE,
    "day" TEXT NOT NULL,
    "starts_at" TEXT NOT NULL,
    "announced_at" TEXT NOT NULL,
    "door_code" BLOB NOT NULL,
    "extras" TEXT NULL,
    "stage" TEXT NOT NULL DEFAULT 'planned' CONSTRAINT "ck_readings_stage" CHECK ("stage" IN ('planned', 'open', 'sold-out')),
    "author_id" BLOB NULL REFERENCES "users" ("id") ON DELETE RESTRICT,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "deleted_at" TEXT NULL
);

CREATE TABLE "tags" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "users" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "username" TEXT NULL,
    "email" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "name" TEXT NULL,
    "first_name" TEXT NULL,
    "last_name" TEXT NULL,
    "full_name" TEXT NULL,
    "bio" TEXT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT TRUE,
    "is_super_user" BOOLEAN NOT NULL DEFAULT FALSE,
    "is_staff" BOOLEAN NOT NULL DEFAULT FALSE,
    "is_email_verified" BOOLEAN NOT NULL DEFAULT FALSE,
    "last_login_at" TEXT NULL,
    "password_changed_at" TEXT NULL,
    "deleted_self_account_at" TEXT NULL,
    "failed_login_attempts" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TEXT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "user_permissions" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "effect" TEXT NOT NULL DEFAULT 'allow' CONSTRAINT "ck_user_permissions_effect" CHECK ("effect" IN ('allow', 'deny')),
    "user_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "permission_id" BLOB NOT NULL REFERENCES "auth_permissions" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "user_profiles" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "nickname" TEXT NOT NULL,
    "website" TEXT NULL,
    "birthday" TEXT NULL,
    "user_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "user_roles" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "user_id" BLOB NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "role_id" BLOB NOT NULL REFERENCES "auth_roles" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "auth_permissions_auth_roles" (
    "auth_permission_id" BLOB NOT NULL REFERENCES "auth_permissions" ("id") ON DELETE CASCADE,
    "auth_role_id" BLOB NOT NULL REFERENCES "auth_roles" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("auth_permission_id", "auth_role_id")
);

CREATE TABLE "posts_tags" (
    "post_id" BLOB NOT NULL REFERENCES "posts" ("id") ON DELETE CASCADE,
    "tag_id" BLOB NOT NULL REFERENCES "tags" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("post_id", "tag_id")
);

CREATE UNIQUE INDEX "uq_auth_permissions_resource_action" ON "auth_permissions" ("resource", "action");

CREATE UNIQUE INDEX "uq_auth_roles_name" ON "auth_roles" ("name");

CREATE INDEX "idx_comments_post_id" ON "comments" ("post_id");

CREATE INDEX "idx_comments_author_id" ON "comments" ("author_id");

CREATE UNIQUE INDEX "uq_phones_number" ON "phones" ("number");

CREATE INDEX "idx_phones_user_id" ON "phones" ("user_id");

CREATE UNIQUE INDEX "uq_posts_slug" ON "posts" ("slug");

CREATE INDEX "idx_posts_author_id" ON "posts" ("author_id");

CREATE INDEX "idx_posts_status_published_at" ON "posts" ("status", "published_at");

CREATE INDEX "idx_readings_day" ON "readings" ("day");

CREATE INDEX "idx_readings_author_id" ON "readings" ("author_id");

CREATE UNIQUE INDEX "uq_tags_name" ON "tags" ("name");

CREATE UNIQUE INDEX "uq_users_username" ON "users" ("username");

CREATE UNIQUE INDEX "uq_users_email" ON "users" ("email");

CREATE UNIQUE INDEX "uq_user_permissions_user_id_permission_id" ON "user_permissions" ("user_id", "permission_id");

CREATE INDEX "idx_user_permissions_user_id" ON "user_permissions" ("user_id");

CREATE INDEX "idx_user_permissions_permission_id" ON "user_permissions" ("permission_id");

CREATE UNIQUE INDEX "uq_user_profiles_nickname" ON "user_profiles" ("nickname");

CREATE UNIQUE INDEX "uq_user_profiles_user_id" ON "user_profiles" ("user_id");

CREATE UNIQUE INDEX "uq_user_roles_user_id_role_id" ON "user_roles" ("user_id", "role_id");

CREATE INDEX "idx_user_roles_user_id" ON "user_roles" ("user_id");

CREATE INDEX "idx_user_roles_role_id" ON "user_roles" ("role_id");

CREATE INDEX "idx_auth_permissions_auth_roles_auth_role_id" ON "auth_permissions_auth_roles" ("auth_role_id");

CREATE INDEX "idx_posts_tags_tag_id" ON "posts_tags" ("tag_id");
