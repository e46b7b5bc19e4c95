CREATE TABLE "cities" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "flights" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "number" TEXT NOT NULL,
    "origin_id" BLOB NOT NULL REFERENCES "cities" ("id") ON DELETE CASCADE,
    "destination_id" BLOB NOT NULL REFERENCES "cities" ("id") ON DELETE RESTRICT,
    "connection_id" BIGINT NULL REFERENCES "flights" ("id") ON DELETE SET NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL,
    "deleted_at" TEXT NULL
);

CREATE TABLE "manifests" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "weight" INTEGER NOT NULL,
    "flight_id" BIGINT NOT NULL REFERENCES "flights" ("id") ON DELETE CASCADE
);

CREATE TABLE "people" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "updated_at" TEXT NOT NULL
);

CREATE TABLE "flights_people" (
    "flight_id" BIGINT NOT NULL REFERENCES "flights" ("id") ON DELETE CASCADE,
    "person_id" BLOB NOT NULL REFERENCES "people" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("flight_id", "person_id")
);

CREATE UNIQUE INDEX "uq_cities_name" ON "cities" ("name");

CREATE UNIQUE INDEX "uq_flights_number_origin_id" ON "flights" ("number", "origin_id");

CREATE INDEX "idx_flights_origin_id" ON "flights" ("origin_id", "id");

CREATE INDEX "idx_flights_destination_id" ON "flights" ("destination_id", "id");

CREATE INDEX "idx_flights_connection_id" ON "flights" ("connection_id", "id");

CREATE INDEX "idx_flights_destination_id_number" ON "flights" ("destination_id", "number");

CREATE UNIQUE INDEX "uq_manifests_flight_id" ON "manifests" ("flight_id");

CREATE INDEX "idx_people_name" ON "people" ("name");

CREATE INDEX "idx_flights_people_person_id" ON "flights_people" ("person_id", "flight_id");
