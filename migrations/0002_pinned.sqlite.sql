ALTER TABLE "users" ADD COLUMN "pinned_id" BLOB NULL REFERENCES "posts" ("id") ON DELETE SET NULL;

CREATE INDEX "idx_users_pinned_id" ON "users" ("pinned_id");
