CREATE TABLE "letters" (
    "id" uuid NOT NULL PRIMARY KEY,
    "title" varchar(255) NOT NULL,
    "created_at" timestamptz(3) NOT NULL,
    "updated_at" timestamptz(3) NOT NULL
);
