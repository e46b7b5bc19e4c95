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
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "badges" (
    "id" uuid NOT NULL PRIMARY KEY,
    "code" varchar(20) NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "chapters" (
    "id" uuid NOT NULL PRIMARY KEY,
    "name" varchar(60) NOT NULL,
    "hall_id" uuid NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "halls" (
    "id" uuid NOT NULL PRIMARY KEY,
    "street" varchar(60) NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "members" (
    "id" uuid NOT NULL PRIMARY KEY,
    "handle" varchar(60) NOT NULL,
    "email" varchar(255) NULL,
    "password" varchar(255) NOT NULL,
    "badge_id" uuid NULL,
    "chapter_id" uuid NULL,
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
    "reason" varchar(120) NULL,
    "member_id" uuid NOT NULL,
    "chapter_id" uuid NULL,
    "permission_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "user_roles" (
    "id" uuid NOT NULL PRIMARY KEY,
    "member_id" uuid NOT NULL,
    "role_id" uuid NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE TABLE "auth_permissions_auth_roles" (
    "auth_permission_id" uuid NOT NULL,
    "auth_role_id" uuid NOT NULL,
    PRIMARY KEY ("auth_permission_id", "auth_role_id")
);

ALTER TABLE "chapters" ADD CONSTRAINT "fk_chapters_hall_id" FOREIGN KEY ("hall_id") REFERENCES "halls" ("id") ON DELETE CASCADE;

ALTER TABLE "members" ADD CONSTRAINT "fk_members_badge_id" FOREIGN KEY ("badge_id") REFERENCES "badges" ("id") ON DELETE SET NULL;

ALTER TABLE "members" ADD CONSTRAINT "fk_members_chapter_id" FOREIGN KEY ("chapter_id") REFERENCES "chapters" ("id") ON DELETE RESTRICT;

ALTER TABLE "user_permissions" ADD CONSTRAINT "fk_user_permissions_member_id" FOREIGN KEY ("member_id") REFERENCES "members" ("id") ON DELETE CASCADE;

ALTER TABLE "user_permissions" ADD CONSTRAINT "fk_user_permissions_chapter_id" FOREIGN KEY ("chapter_id") REFERENCES "chapters" ("id") ON DELETE RESTRICT;

ALTER TABLE "user_permissions" ADD CONSTRAINT "fk_user_permissions_permission_id" FOREIGN KEY ("permission_id") REFERENCES "auth_permissions" ("id") ON DELETE CASCADE;

ALTER TABLE "user_roles" ADD CONSTRAINT "fk_user_roles_member_id" FOREIGN KEY ("member_id") REFERENCES "members" ("id") ON DELETE CASCADE;

ALTER TABLE "user_roles" ADD CONSTRAINT "fk_user_roles_role_id" FOREIGN KEY ("role_id") REFERENCES "auth_roles" ("id") ON DELETE CASCADE;

ALTER TABLE "auth_permissions_auth_roles" ADD CONSTRAINT "fk_auth_permissions_auth_roles_auth_permission_id" FOREIGN KEY ("auth_permission_id") REFERENCES "auth_permissions" ("id") ON DELETE CASCADE;

ALTER TABLE "auth_permissions_auth_roles" ADD CONSTRAINT "fk_auth_permissions_auth_roles_auth_role_id" FOREIGN KEY ("auth_role_id") REFERENCES "auth_roles" ("id") ON DELETE CASCADE;

CREATE UNIQUE INDEX "uq_auth_permissions_resource_action" ON "auth_permissions" ("resource", "action");

CREATE UNIQUE INDEX "uq_auth_roles_name" ON "auth_roles" ("name");

CREATE UNIQUE INDEX "uq_badges_code" ON "badges" ("code");

CREATE UNIQUE INDEX "uq_chapters_name" ON "chapters" ("name");

CREATE INDEX "idx_chapters_hall_id" ON "chapters" ("hall_id" NULLS FIRST, "id");

CREATE UNIQUE INDEX "uq_members_handle" ON "members" ("handle");

CREATE UNIQUE INDEX "uq_members_email" ON "members" ("email" NULLS FIRST);

CREATE UNIQUE INDEX "uq_members_badge_id" ON "members" ("badge_id" NULLS FIRST);

CREATE INDEX "idx_members_chapter_id" ON "members" ("chapter_id" NULLS FIRST, "id");

CREATE INDEX "idx_user_permissions_member_id" ON "user_permissions" ("member_id", "id");

CREATE INDEX "idx_user_permissions_chapter_id" ON "user_permissions" ("chapter_id" NULLS FIRST, "id");

CREATE INDEX "idx_user_permissions_permission_id" ON "user_permissions" ("permission_id", "id");

CREATE UNIQUE INDEX "uq_user_roles_member_id_role_id" ON "user_roles" ("member_id", "role_id");

CREATE INDEX "idx_user_roles_member_id" ON "user_roles" ("member_id", "id");

CREATE INDEX "idx_user_roles_role_id" ON "user_roles" ("role_id", "id");

CREATE INDEX "idx_auth_permissions_auth_roles_auth_role_id" ON "auth_permissions_auth_roles" ("auth_role_id", "auth_permission_id");
