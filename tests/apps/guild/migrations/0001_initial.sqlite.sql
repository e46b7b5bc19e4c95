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
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "badges" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "code" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "chapters" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "hall_id" BLOB NULL REFERENCES "halls" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "halls" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "street" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "members" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "handle" TEXT NOT NULL,
    "email" TEXT NULL,
    "password" TEXT NOT NULL,
    "badge_id" BLOB NULL REFERENCES "badges" ("id") ON DELETE SET NULL,
    "chapter_id" BLOB NULL REFERENCES "chapters" ("id") ON DELETE RESTRICT,
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
    "reason" TEXT NULL,
    "member_id" BLOB NOT NULL REFERENCES "members" ("id") ON DELETE CASCADE,
    "chapter_id" BLOB NULL REFERENCES "chapters" ("id") ON DELETE RESTRICT,
    "permission_id" BLOB NOT NULL REFERENCES "auth_permissions" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "user_roles" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "member_id" BLOB NOT NULL REFERENCES "members" ("id") ON DELETE CASCADE,
    "role_id" BLOB NOT NULL REFERENCES "auth_roles" ("id") ON DELETE CASCADE,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "auth_permissions_auth_roles" (
    "auth_permission_id" BLOB NOT NULL REFERENCES "auth_permissions" ("id") ON DELETE CASCADE,
    "auth_role_id" BLOB NOT NULL REFERENCES "auth_roles" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("auth_permission_id", "auth_role_id")
);

CREATE UNIQUE INDEX "uq_auth_permissions_resource_action" ON "auth_permissions" ("resource", "action");

CREATE UNIQUE INDEX "uq_auth_roles_name" ON "auth_roles" ("name");

CREATE UNIQUE INDEX "uq_badges_code" ON "badges" ("code");

CREATE UNIQUE INDEX "uq_chapters_name" ON "chapters" ("name");

CREATE INDEX "idx_chapters_hall_id" ON "chapters" ("hall_id", "id");

CREATE UNIQUE INDEX "uq_members_handle" ON "members" ("handle");

CREATE UNIQUE INDEX "uq_members_email" ON "members" ("email");

CREATE UNIQUE INDEX "uq_members_badge_id" ON "members" ("badge_id");

CREATE INDEX "idx_members_chapter_id" ON "members" ("chapter_id", "id");

CREATE INDEX "idx_user_permissions_member_id" ON "user_permissions" ("member_id", "id");

CREATE INDEX "idx_user_permissions_chapter_id" ON "user_permissions" ("chapter_id", "id");

CREATE INDEX "idx_user_permissions_permission_id" ON "user_permissions" ("permission_id", "id");

CREATE UNIQUE INDEX "uq_user_roles_member_id_role_id" ON "user_roles" ("member_id", "role_id");

CREATE INDEX "idx_user_roles_member_id" ON "user_roles" ("member_id", "id");

CREATE INDEX "idx_user_roles_role_id" ON "user_roles" ("role_id", "id");

CREATE INDEX "idx_auth_permissions_auth_roles_auth_role_id" ON "auth_permissions_auth_roles" ("auth_role_id", "auth_permission_id");
