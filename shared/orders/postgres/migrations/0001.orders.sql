-- Orders, their lines, their timeline, and the work they promise. The checks repeat what the models promise.

CREATE TABLE orders (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 128),
    customer_name text,
    customer_email text,
    status text NOT NULL CHECK (status IN (
        'pending', 'confirmed', 'shipped', 'delivered', 'cancelling', 'cancelled', 'failed', 'returned')),
    payment_status text NOT NULL CHECK (payment_status IN (
        'pending', 'processing', 'paid', 'failed', 'voided', 'refunding', 'refunded')),
    shipping_status text NOT NULL CHECK (shipping_status IN (
        'pending', 'ready', 'shipped', 'delivered', 'cancelled', 'returned')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total bigint NOT NULL CHECK (total >= 0),
    line_count integer NOT NULL CHECK (line_count BETWEEN 1 AND 1000),
    cart_version text,
    cancel_reason text,
    failure_reason text CHECK (failure_reason IN ('payment_declined', 'expired')),
    tracking_number text,
    version integer NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT orders_failed_for_a_reason CHECK ((status = 'failed') = (failure_reason IS NOT NULL))
);
COMMENT ON COLUMN orders.id IS 'UUID version 7: the order of ids is the order of time.';
COMMENT ON COLUMN orders.total IS 'Minor units of the currency.';

CREATE INDEX orders_by_customer ON orders (customer_id, id DESC);
CREATE INDEX orders_by_status ON orders (status, id DESC);
CREATE UNIQUE INDEX orders_one_live_per_cart ON orders (customer_id, cart_version)
    WHERE cart_version IS NOT NULL AND status NOT IN ('cancelled', 'failed', 'returned');

CREATE TABLE order_items (
    order_id uuid NOT NULL REFERENCES orders,
    line_no integer NOT NULL CHECK (line_no BETWEEN 1 AND 1000),
    product_id text NOT NULL CHECK (length(product_id) BETWEEN 1 AND 64),
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
    unit_price bigint NOT NULL CHECK (unit_price BETWEEN 0 AND 10000000000),
    PRIMARY KEY (order_id, line_no)
);
COMMENT ON COLUMN order_items.unit_price IS 'Minor units of the order''s currency.';

CREATE TABLE order_events (
    order_id uuid NOT NULL REFERENCES orders,
    version integer NOT NULL CHECK (version >= 1),
    event text NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    shipping_status text NOT NULL,
    reason text,
    event_id text,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, version)
);
COMMENT ON TABLE order_events IS 'The timeline: one row for each version of an order, with the statuses it led to.';
CREATE UNIQUE INDEX order_events_once ON order_events (order_id, event_id) WHERE event_id IS NOT NULL;

CREATE TABLE order_tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders,
    version integer NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'charge_payment', 'refund_payment', 'commit_stock', 'release_stock', 'create_shipment', 'cancel_shipment',
        'mark_cart_ordered', 'send_notification')),
    payload jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    available_at timestamptz NOT NULL,
    last_error text,
    FOREIGN KEY (order_id, version) REFERENCES order_events,
    UNIQUE (order_id, version, kind)
);
COMMENT ON TABLE order_tasks IS 'Outbox and work list: what each version of an order promised to have done.';
CREATE INDEX order_tasks_due ON order_tasks (available_at) WHERE state = 'pending';

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    order_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at);

CREATE TABLE stock_holds (
    order_id uuid NOT NULL,
    product_id text NOT NULL,
    quantity integer NOT NULL CHECK (quantity >= 1),
    catalog_quantity bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('taking', 'taken', 'returning')),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, product_id)
);
COMMENT ON TABLE stock_holds IS
    'Stock taken out of a catalog that has no reservations. Written before the catalog is changed, so that a crash '
    'between the two leaves a trace; the order itself may not exist yet, or never.';
COMMENT ON COLUMN stock_holds.catalog_quantity IS 'What the catalog said before the change that the state names.';
CREATE INDEX stock_holds_unsettled ON stock_holds (product_id) WHERE state <> 'taken';
