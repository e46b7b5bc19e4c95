CREATE TABLE "members" (
    "id" uuid NOT NULL PRIMARY KEY,
    "login" varchar(40) NOT NULL,
    "password" varchar(255) NOT NULL,
    "level" integer NULL,
    "rating" double precision NULL,
    "balance" numeric(15, 2) NULL,
    "role" varchar(255) NOT NULL DEFAULT 'Reader' CONSTRAINT "ck_members_role" CHECK ("role" IN ('Reader', 'Writer')),
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

CREATE TABLE "notes" (
    "id" uuid NOT NULL PRIMARY KEY,
    "text" text NOT NULL,
    "is_open" boolean NOT NULL DEFAULT FALSE,
    "secret" varchar(255) NULL,
    "author_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

ALTER TABLE "notes" ADD CONSTRAINT "fk_notes_author_id" FOREIGN KEY ("author_id") REFERENCES "members" ("id") ON DELETE CASCADE;

CREATE UNIQUE INDEX "uq_members_login" ON "members" ("login");

CREATE INDEX "idx_notes_author_id" ON "notes" ("author_id", "id");
