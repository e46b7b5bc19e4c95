CREATE TABLE "folders" (
    "id" uuid NOT NULL PRIMARY KEY,
    "label" varchar(60) NOT NULL,
    "status" varchar(255) NOT NULL DEFAULT 'open' CONSTRAINT "ck_folders_status" CHECK ("status" IN ('open', 'sealed')),
    "shelf" integer NULL,
    "opened_at" timestamptz(3) NULL,
    "note" text NULL,
    "keeper_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "keepers" (
    "id" uuid NOT NULL PRIMARY KEY,
    "name" varchar(60) NOT NULL,
    "password" varchar(255) NOT NULL,
    "roles" jsonb NOT NULL DEFAULT '["reader"]',
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

CREATE TABLE "papers" (
    "id" uuid NOT NULL PRIMARY KEY,
    "title" varchar(100) NOT NULL,
    "pages" integer NULL,
    "folder_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

ALTER TABLE "folders" ADD CONSTRAINT "fk_folders_keeper_id" FOREIGN KEY ("keeper_id") REFERENCES "keepers" ("id") ON DELETE RESTRICT;

ALTER TABLE "papers" ADD CONSTRAINT "fk_papers_folder_id" FOREIGN KEY ("folder_id") REFERENCES "folders" ("id") ON DELETE CASCADE;

CREATE INDEX "idx_folders_keeper_id" ON "folders" ("keeper_id", "id");

CREATE UNIQUE INDEX "uq_keepers_name" ON "keepers" ("name");

CREATE INDEX "idx_papers_folder_id" ON "papers" ("folder_id", "id");
