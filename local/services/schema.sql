-- The whole state of the stand-in services. Running this file again empties it.

DROP TABLE IF EXISTS reservation_lines;
DROP TABLE IF EXISTS reservations;
DROP TABLE IF EXISTS inventory_settings;
DROP TABLE IF EXISTS products;
DROP TABLE IF EXISTS carts;
DROP TABLE IF EXISTS charges;
DROP TABLE IF EXISTS shipments;
DROP TABLE IF EXISTS notifications;
DROP TABLE IF EXISTS idempotency_keys;

-- quantity is what is free to sell: what reservations hold is not in it.
CREATE TABLE products (
    product_id TEXT PRIMARY KEY,
    name       TEXT,
    quantity   INTEGER NOT NULL CHECK (quantity >= 0),
    unit_price TEXT,
    currency   TEXT
) STRICT;

CREATE TABLE inventory_settings (
    reservation_seconds REAL NOT NULL CHECK (reservation_seconds > 0)
) STRICT;

INSERT INTO inventory_settings (reservation_seconds) VALUES (900);

-- held and committed reservations hold stock. expires_at is when the hold ends or ended, null when it cannot end by itself.
-- A reservation that was released before it was made has no lines.
CREATE TABLE reservations (
    reservation_id TEXT PRIMARY KEY,
    status         TEXT NOT NULL CHECK (status IN ('held', 'committed', 'expired', 'released')),
    expires_at     TEXT
) STRICT;

CREATE INDEX reservations_held ON reservations (expires_at) WHERE status = 'held';

CREATE TABLE reservation_lines (
    reservation_id TEXT NOT NULL REFERENCES reservations,
    product_id     TEXT NOT NULL REFERENCES products,
    quantity       INTEGER NOT NULL CHECK (quantity > 0),
    unit_price     TEXT,
    currency       TEXT,
    PRIMARY KEY (reservation_id, product_id)
) STRICT;

-- A cart's contents change with its version only. items is JSON.
CREATE TABLE carts (
    customer_id    TEXT PRIMARY KEY,
    version        TEXT NOT NULL UNIQUE,
    status         TEXT NOT NULL CHECK (status IN ('Active', 'Ordered')),
    currency       TEXT NOT NULL,
    items          TEXT NOT NULL,
    customer_name  TEXT,
    customer_email TEXT
) STRICT;

-- Money is in minor units of the currency.
CREATE TABLE charges (
    id              TEXT PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    order_id        TEXT NOT NULL,
    customer_id     TEXT NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    currency        TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('succeeded', 'declined', 'processing')),
    refunded_amount INTEGER NOT NULL DEFAULT 0 CHECK (refunded_amount BETWEEN 0 AND amount),
    decline_reason  TEXT CHECK ((status = 'declined') = (decline_reason IS NOT NULL)),
    CHECK (refunded_amount = 0 OR status = 'succeeded')
) STRICT;

CREATE INDEX charges_of_order ON charges (order_id);

-- lines and address are JSON.
CREATE TABLE shipments (
    id              TEXT PRIMARY KEY,
    order_id        TEXT NOT NULL,
    tracking_number TEXT NOT NULL UNIQUE,
    status          TEXT NOT NULL CHECK (status IN ('ready', 'dispatched', 'cancelled')),
    lines           TEXT NOT NULL,
    address         TEXT NOT NULL
) STRICT;

CREATE INDEX shipments_of_order ON shipments (order_id);

-- content is JSON: the order as it was told.
CREATE TABLE notifications (
    id       TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    template TEXT NOT NULL,
    email    TEXT,
    content  TEXT NOT NULL,
    sent_at  TEXT NOT NULL
) STRICT;

CREATE INDEX notifications_of_order ON notifications (order_id);

-- request is the whole request as JSON with sorted keys; resource_id is what it made.
CREATE TABLE idempotency_keys (
    operation   TEXT NOT NULL,
    key         TEXT NOT NULL,
    request     TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (operation, key)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
