CREATE TABLE "documents" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "file_name" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "employees" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "badge" TEXT NOT NULL,
    "email" TEXT NULL,
    "secret" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'Clerk' CONSTRAINT "ck_employees_role" CHECK ("role" IN ('Clerk', 'Accountant', 'chief-auditor')),
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

CREATE TABLE "entries" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "amount" REAL NOT NULL,
    "booked_on" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "errors" TEXT NULL,
    "where" TEXT NULL,
    "debit_id" BIGINT NOT NULL REFERENCES "gl_accounts" ("id") ON DELETE RESTRICT,
    "credit_id" BIGINT NOT NULL REFERENCES "gl_accounts" ("id") ON DELETE RESTRICT,
    "entered_by_id" BIGINT NOT NULL REFERENCES "employees" ("id") ON DELETE RESTRICT,
    "approved_by_id" BIGINT NULL REFERENCES "employees" ("id") ON DELETE SET NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "deleted_at" TEXT NULL
);

CREATE TABLE "gl_accounts" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "number" INTEGER NOT NULL,
    "type" TEXT NOT NULL CONSTRAINT "ck_gl_accounts_type" CHECK ("type" IN ('asset', 'liability', 'equity', 'income', 'expense')),
    "match" TEXT NULL,
    "r2d2" BOOLEAN NOT NULL DEFAULT FALSE,
    "is_vat" BOOLEAN NOT NULL DEFAULT FALSE,
    "parent_id" BIGINT NULL REFERENCES "gl_accounts" ("id") ON DELETE RESTRICT,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "documents_entries" (
    "document_id" BLOB NOT NULL REFERENCES "documents" ("id") ON DELETE CASCADE,
    "entry_id" BIGINT NOT NULL REFERENCES "entries" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("document_id", "entry_id")
);

CREATE UNIQUE INDEX "uq_documents_sha256" ON "documents" ("sha256");

CREATE UNIQUE INDEX "uq_employees_badge" ON "employees" ("badge");

CREATE UNIQUE INDEX "uq_employees_email" ON "employees" ("email");

CREATE INDEX "idx_entries_debit_id" ON "entries" ("debit_id");

CREATE INDEX "idx_entries_credit_id" ON "entries" ("credit_id");

CREATE INDEX "idx_entries_entered_by_id" ON "entries" ("entered_by_id");

CREATE INDEX "idx_entries_approved_by_id" ON "entries" ("approved_by_id");

CREATE INDEX "idx_entries_booked_on_amount" ON "entries" ("booked_on", "amount");

CREATE UNIQUE INDEX "uq_gl_accounts_number" ON "gl_accounts" ("number");

CREATE INDEX "idx_gl_accounts_parent_id" ON "gl_accounts" ("parent_id");

CREATE INDEX "idx_documents_entries_entry_id" ON "documents_entries" ("entry_id");
