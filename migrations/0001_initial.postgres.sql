CREATE TABLE "auth_permissions" (
    "id" uuid NOT NULL PRIMARY KEY,
    "resource" varchar(63) NOT NULL,
    "action" varchar(63) NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "auth_roles" (
    "id" uuid NOT NULL PRIMARY KEY,
    "name" varchar(60) NOT NULL,
    "description" varchar(200) NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "comments" (
    "id" uuid NOT NULL PRIMARY KEY,
    "content" text NOT NULL,
    "post_id" uuid NOT NULL,
    "author_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "phones" (
    "id" uuid NOT NULL PRIMARY KEY,
    "number" varchar(20) NOT NULL,
    "label" varchar(40) NULL,
    "user_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "posts" (
    "id" uuid NOT NULL PRIMARY KEY,
    "title" varchar(120) NOT NULL,
    "slug" varchar(160) NULL,
    "content" text NOT NULL,
    "summary" text NULL,
    "status" varchar(255) NOT NULL DEFAULT 'draft' CONSTRAINT "ck_posts_status" CHECK ("status" IN ('draft', 'review', 'published')),
    "views" integer NOT NULL DEFAULT 0,
    "published_at" timestamptz(3) NULL,
    "author_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "readings" (
    "id" uuid NOT NULL PRIMARY KEY,
    "title" varchar(120) NOT NULL,
    "notes" text NULL,
    "contact" varchar(255) NOT NULL,
    "tickets" varchar(255) NULL,
    "seats" integer NOT NULL,
    "visitors" bigint NOT NULL DEFAULT 0,
    "rating" double precision NULL,
    "price" numeric(10, 2) NOT NULL,
    "is_online" boolean NOT NULL DEFAULT FALSE,
    "day" date NOT NULL,
    "starts_at" time(3) NOT NULL,
    "announced_at" timestamptz(3) NOT NULL,
    "door_code" uuid NOT NULL,
    "extras" jsonb NULL,
    "stage" varchar(255) NOT NULL DEFAULT 'planned' CONSTRAINT "ck_readings_stage" CHECK ("stage" IN ('planned', 'open', 'sold-out')),
    "author_id" uuid NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL,
    "deleted_at" timestamptz(3) NULL
);

CREATE TABLE "tags" (
    "id" uuid NOT NULL PRIMARY KEY,
    "name" varchar(40) NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "users" (
    "id" uuid NOT NULL PRIMARY KEY,
    "username" varchar(40) NULL,
    "email" varchar(255) NOT NULL,
    "password" varchar(255) NOT NULL,
    "name" varchar(120) NULL,
    "first_name" varchar(60) NULL,
    "last_name" varchar(60) NULL,
    "full_name" varchar(120) NULL,
    "bio" text NULL,
    "is_active" boolean NOT NULL DEFAULT TRUE,
    "is_super_user" boolean NOT NULL DEFAULT FALSE,
    "is_staff" boolean NOT NULL DEFAULT FALSE,
    "is_email_verified" boolean NOT NULL DEFAULT FALSE,
    "last_login_at" timestamptz(3) NULL,
    "password_changed_at" timestamptz(3) NULL,
    "deleted_self_account_at" timestamptz(3) NULL,
    "failed_login_attempts" integer NOT NULL DEFAULT 0,
    "locked_until" timestamptz(3) NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "user_permissions" (
    "id" uuid NOT NULL PRIMARY KEY,
    "effect" varchar(255) NOT NULL DEFAULT 'allow' CONSTRAINT "ck_user_permissions_effect" CHECK ("effect" IN ('allow', 'deny')),
    "user_id" uuid NOT NULL,
    "permission_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "user_profiles" (
    "id" uuid NOT NULL PRIMARY KEY,
    "nickname" varchar(40) NOT NULL,
    "website" varchar(255) NULL,
    "birthday" date NULL,
    "user_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "user_roles" (
    "id" uuid NOT NULL PRIMARY KEY,
    "user_id" uuid NOT NULL,
    "role_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "auth_permissions_auth_roles" (
    "auth_permission_id" uuid NOT NULL,
    "auth_role_id" uuid NOT NULL,
    PRIMARY KEY ("auth_permission_id", "auth_role_id")
);

CREATE TABLE "posts_tags" (
    "post_id" uuid NOT NULL,
    "tag_id" uuid NOT NULL,
    PRIMARY KEY ("post_id", "tag_id")
);

ALTER TABLE "comments" ADD CONSTRAINT "fk_comments_post_id" FOREIGN KEY ("post_id") REFERENCES "posts" ("id") ON DELETE CASCADE;

ALTER TABLE "comments" ADD CONSTRAINT "fk_comments_author_id" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "phones" ADD CONSTRAINT "fk_phones_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "posts" ADD CONSTRAINT "fk_posts_author_id" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "readings" ADD CONSTRAINT "fk_readings_author_id" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE RESTRICT;

ALTER TABLE "user_permissions" ADD CONSTRAINT "fk_user_permissions_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "user_permissions" ADD CONSTRAINT "fk_user_permissions_permission_id" FOREIGN KEY ("permission_id") REFERENCES "auth_permissions" ("id") ON DELETE CASCADE;

ALTER TABLE "user_profiles" ADD CONSTRAINT "fk_user_profiles_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "user_roles" ADD CONSTRAINT "fk_user_roles_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE;

ALTER TABLE "user_roles" ADD CONSTRAINT "fk_user_roles_role_id" FOREIGN KEY ("role_id") REFERENCES "auth_roles" ("id") ON DELETE CASCADE;

ALTER TABLE "auth_permissions_auth_roles" ADD CONSTRAINT "fk_auth_permissions_auth_roles_auth_permission_id" FOREIGN KEY ("auth_permission_id") REFERENCES "auth_permissions" ("id") ON DELETE CASCADE;

ALTER TABLE "auth_permissions_auth_roles" ADD CONSTRAINT "fk_auth_permissions_auth_roles_auth_role_id" FOREIGN KEY ("auth_role_id") REFERENCES "auth_roles" ("id") ON DELETE CASCADE;

ALTER TABLE "posts_tags" ADD CONSTRAINT "fk_posts_tags_post_id" FOREIGN KEY ("post_id") REFERENCES "posts" ("id") ON DELETE CASCADE;

ALTER TABLE "posts_tags" ADD CONSTRAINT "fk_posts_tags_tag_id" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON DELETE CASCADE;

CREATE UNIQUE INDEX "uq_auth_permissions_resource_action" ON "auth_permissions" ("resource", "action");

CREATE UNIQUE INDEX "uq_auth_roles_name" ON "auth_roles" ("name");

CREATE INDEX "idx_comments_post_id" ON "comments" ("post_id");

CREATE INDEX "idx_comments_author_id" ON "comments" ("author_id");

CREATE UNIQUE INDEX "uq_phones_number" ON "phones" ("number");

CREATE INDEX "idx_phones_user_id" ON "phones" ("user_id");

CREATE UNIQUE INDEX "uq_posts_slug" ON "posts" ("slug" NULLS FIRST);

CREATE INDEX "idx_posts_author_id" ON "posts" ("author_id");

CREATE INDEX "idx_posts_status_published_at" ON "posts" ("status", "published_at" NULLS FIRST);

CREATE INDEX "idx_readings_day" ON "readings" ("day");

CREATE INDEX "idx_readings_author_id" ON "readings" ("author_id" NULLS FIRST);

CREATE UNIQUE INDEX "uq_tags_name" ON "tags" ("name");

CREATE UNIQUE INDEX "uq_users_username" ON "users" ("username" NULLS FIRST);

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
