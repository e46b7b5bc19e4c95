CREATE TABLE "mail_links" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "members" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "email" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'Reader' CONSTRAINT "ck_members_role" CHECK ("role" IN ('Reader', 'Writer')),
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

CREATE UNIQUE INDEX "uq_members_email" ON "members" ("email");
