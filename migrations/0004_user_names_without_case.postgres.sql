DROP INDEX "uq_users_username";

CREATE UNIQUE INDEX "uq_users_username" ON "users" (lower("username" COLLATE "C") NULLS FIRST);
