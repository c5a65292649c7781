-- A shop's database, as it may have been before the importer.
CREATE SCHEMA shop;
CREATE TABLE shop.items (
    id         bigint        GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text          NOT NULL UNIQUE,
    title      text          NOT NULL,
    price      numeric(10,2) CHECK (price >= 0),
    stock      integer       NOT NULL DEFAULT 0,
    updated_at timestamptz   NOT NULL DEFAULT now()
);
CREATE TABLE shop.to_index (code text NOT NULL);
INSERT INTO shop.items (code, title, price) VALUES ('lamp-1', 'Desk lamp', 24.90), ('chair-1', 'Chair', 49);
