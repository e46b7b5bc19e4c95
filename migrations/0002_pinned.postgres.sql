ALTER TABLE "users" ADD COLUMN "pinned_id" uuid NULL;

ALTER TABLE "users" ADD CONSTRAINT "fk_users_pinned_id" FOREIGN KEY ("pinned_id") REFERENCES "posts" ("id") ON DELETE SET NULL;

CREATE INDEX "idx_users_pinned_id" ON "users" ("pinned_id" NULLS FIRST);
