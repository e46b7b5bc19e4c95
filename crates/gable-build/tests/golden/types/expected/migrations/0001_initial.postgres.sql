CREATE TABLE "samples" (
    "id" uuid NOT NULL PRIMARY KEY,
    "title" varchar(120) NOT NULL,
    "subtitle" varchar(80) NULL DEFAULT 'it''s "quoted"',
    "body" text NOT NULL,
    "contact" varchar(255) NOT NULL,
    "site" varchar(255) NULL,
    "count" integer NOT NULL DEFAULT 0,
    "total" bigint NOT NULL DEFAULT 5000000000,
    "ratio" double precision NULL DEFAULT 0.5,
    "price" numeric(12, 3) NOT NULL DEFAULT 1.250,
    "discount" numeric(5, 2) NULL,
    "is_open" boolean NOT NULL DEFAULT TRUE,
    "day" date NOT NULL DEFAULT '2026-03-22',
    "starts_at" time(3) NOT NULL DEFAULT '19:30:00.000',
    "opened_at" timestamptz(3) NOT NULL,
    "closed_at" timestamptz(3) NULL,
    "code" uuid NOT NULL,
    "extras" jsonb NULL,
    "settings" jsonb NOT NULL DEFAULT '{"sizes":[1,2],"theme":"dark"}',
    "stage" varchar(255) NOT NULL DEFAULT 'open' CONSTRAINT "ck_samples_stage" CHECK ("stage" IN ('planned', 'open', 'sold-out')),
    "mood" varchar(255) NULL CONSTRAINT "ck_samples_mood" CHECK ("mood" IN ('+', '2fa', 'self')),
    "seen" integer NOT NULL DEFAULT 0,
    "stamped_at" timestamptz(3) NULL,
    "notes" text NULL,
    "handle" varchar(40) NOT NULL,
    "nickname" varchar(40) NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

CREATE UNIQUE INDEX "uq_samples_handle" ON "samples" (lower("handle" COLLATE "C"));

CREATE INDEX "idx_samples_nickname" ON "samples" (lower("nickname" COLLATE "C") NULLS FIRST);
