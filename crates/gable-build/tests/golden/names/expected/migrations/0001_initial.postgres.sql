CREATE TABLE "types" (
    "id" uuid NOT NULL PRIMARY KEY,
    "type" varchar(20) NOT NULL,
    "match" varchar(20) NULL,
    "r2d2" integer NULL,
    "h_tml_path" varchar(255) NULL,
    "errors" varchar(10) NULL,
    "err" integer NULL,
    "args" double precision NULL,
    "body" numeric(4, 1) NULL,
    "row" jsonb NULL,
    "now" timestamptz(3) NOT NULL,
    "out" varchar(255) NOT NULL CONSTRAINT "ck_types_out" CHECK ("out" IN ('In', 'Out')),
    "self1" boolean NULL,
    "iterator" varchar(255) NULL,
    "optional_enum_with_a_name_so_long_that_its_line_wraps" varchar(255) NULL CONSTRAINT "ck_types_optional_enum_with_a_name_so_long_that_its_line_wraps" CHECK ("optional_enum_with_a_name_so_long_that_its_line_wraps" IN ('one', 'two')),
    "entity_name" varchar(255) NULL,
    "iterator_of_id" uuid NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);

ALTER TABLE "types" ADD CONSTRAINT "fk_types_iterator_of_id" FOREIGN KEY ("iterator_of_id") REFERENCES "types" ("id") ON DELETE SET NULL;

CREATE INDEX "idx_types_iterator_of_id" ON "types" ("iterator_of_id" NULLS FIRST, "id");
