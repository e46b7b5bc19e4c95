DROP INDEX "idx_entries_debit_id";

DROP INDEX "idx_entries_credit_id";

DROP INDEX "idx_entries_entered_by_id";

DROP INDEX "idx_entries_approved_by_id";

CREATE INDEX "idx_entries_debit_id" ON "entries" ("debit_id", "id");

CREATE INDEX "idx_entries_credit_id" ON "entries" ("credit_id", "id");

CREATE INDEX "idx_entries_entered_by_id" ON "entries" ("entered_by_id", "id");

CREATE INDEX "idx_entries_approved_by_id" ON "entries" ("approved_by_id" NULLS FIRST, "id");

DROP INDEX "idx_gl_accounts_parent_id";

CREATE INDEX "idx_gl_accounts_parent_id" ON "gl_accounts" ("parent_id" NULLS FIRST, "id");

DROP INDEX "idx_documents_entries_entry_id";

CREATE INDEX "idx_documents_entries_entry_id" ON "documents_entries" ("entry_id", "document_id");
