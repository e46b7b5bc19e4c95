CREATE TABLE "samples" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "title" TEXT NOT NULL,
    "subtitle" TEXT NULL DEFAULT 'it''s "quoted"',
    "body" TEXT NOT NULL,
    "contact" TEXT NOT NULL,
    "site" TEXT NULL,
    "count" INTEGER NOT NULL DEFAULT 0,
    "total" BIGINT NOT NULL DEFAULT 5000000000,
    "ratio" REAL NULL DEFAULT 0.5,
    "price" REAL NOT NULL DEFAULT 1.250,
    "discount" REAL NULL,
    "is_open" BOOLEAN NOT NULL DEFAULT TRUE,
    "day" TEXT NOT NULL DEFAULT '2026-03-22',
    "starts_at" TEXT NOT NULL DEFAULT '19:30:00.000',
    "opened_at" TEXT NOT NULL,
    "closed_at" TEXT NULL,
    "code" BLOB NOT NULL,
    "extras" TEXT NULL,
    "settings" TEXT NOT NULL DEFAULT '{"sizes":[1,2],"theme":"dark"}',
    "stage" TEXT NOT NULL DEFAULT 'open' CONSTRAINT "ck_samples_stage" CHECK ("stage" IN ('planned', 'open', 'sold-out')),
    "mood" TEXT NULL CONSTRAINT "ck_samples_mood" CHECK ("mood" IN ('+', '2fa', 'self')),
    "seen" INTEGER NOT NULL DEFAULT 0,
    "stamped_at" TEXT NULL,
    "notes" TEXT NULL,
    "handle" TEXT NOT NULL,
    "nickname" TEXT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE UNIQUE INDEX "uq_samples_handle" ON "samples" (lower("handle"));

CREATE INDEX "idx_samples_nickname" ON "samples" (lower("nickname"));
