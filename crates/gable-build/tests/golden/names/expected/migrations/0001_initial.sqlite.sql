CREATE TABLE "types" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "type" TEXT NOT NULL,
    "match" TEXT NULL,
    "r2d2" INTEGER NULL,
    "h_tml_path" TEXT NULL,
    "errors" TEXT NULL,
    "err" INTEGER NULL,
    "args" REAL NULL,
    "body" REAL NULL,
    "row" TEXT NULL,
    "now" TEXT NOT NULL,
    "out" TEXT NOT NULL CONSTRAINT "ck_types_out" CHECK ("out" IN ('In', 'Out')),
    "self1" BOOLEAN NULL,
    "iterator" TEXT NULL,
    "optional_enum_with_a_name_so_long_that_its_line_wraps" TEXT NULL CONSTRAINT "ck_types_optional_enum_with_a_name_so_long_that_its_line_wraps" CHECK ("optional_enum_with_a_name_so_long_that_its_line_wraps" IN ('one', 'two')),
    "entity_name" TEXT NULL,
    "iterator_of_id" BLOB NULL REFERENCES "types" ("id") ON DELETE SET NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE INDEX "idx_types_iterator_of_id" ON "types" ("iterator_of_id", "id");
