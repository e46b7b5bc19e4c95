CREATE TABLE "folders" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "label" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'open' CONSTRAINT "ck_folders_status" CHECK ("status" IN ('open', 'sealed')),
    "shelf" INTEGER NULL,
    "opened_at" TEXT NULL,
    "note" TEXT NULL,
    "keeper_id" BLOB NOT NULL REFERENCES "keepers" ("id") ON DELETE RESTRICT,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "keepers" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "roles" TEXT NOT NULL DEFAULT '["reader"]',
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

CREATE TABLE "papers" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "pages" INTEGER NULL,
    "folder_id" BLOB NOT NULL REFERENCES "folders" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE INDEX "idx_folders_keeper_id" ON "folders" ("keeper_id", "id");

CREATE UNIQUE INDEX "uq_keepers_name" ON "keepers" ("name");

CREATE INDEX "idx_papers_folder_id" ON "papers" ("folder_id", "id");
