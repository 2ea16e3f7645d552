-- The schema: orders with their lines, timeline and tasks; idempotency keys; stock holds; counts; and the roles.
-- Constraints repeat what the models check.

CREATE TABLE orders (
    id uuid PRIMARY KEY,
    customer_id varchar(128) NOT NULL,
    customer_name varchar(200),
    customer_email varchar(254),
    status varchar(20) NOT NULL,
    payment_status varchar(20) NOT NULL,
    shipping_status varchar(20) NOT NULL,
    currency varchar(3) NOT NULL,
    total bigint NOT NULL,
    line_count integer NOT NULL,
    cart_version text,
    cancel_reason varchar(500),
    failure_reason varchar(20),
    tracking_number text,
    reservation_id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT orders_in_range CHECK (
        total >= 0 AND line_count BETWEEN 1 AND 1000 AND version >= 1
        AND (status = 'failed') = (failure_reason IS NOT NULL)),
    -- Lists of all states are merged from the lists of each: an order in another state would be in none of them.
    -- One text against one array costs a fifth of comparing columns, and unlike a foreign key locks no shared row.
    CONSTRAINT orders_state_is_reachable CHECK (
        status || '/' || payment_status || '/' || shipping_status = ANY (ARRAY[
            'pending/pending/pending',
            'pending/processing/pending',
            'cancelled/voided/cancelled',
            'failed/voided/cancelled',
            'confirmed/paid/pending',
            'failed/failed/cancelled',
            'cancelled/processing/cancelled',
            'cancelled/refunding/cancelled',
            'failed/refunding/cancelled',
            'confirmed/refunded/pending',
            'confirmed/charged_back/pending',
            'confirmed/paid/ready',
            'shipped/paid/shipped',
            'delivered/paid/delivered',
            'cancelled/refunded/cancelled',
            'cancelled/charged_back/cancelled',
            'failed/refunded/cancelled',
            'failed/charged_back/cancelled',
            'confirmed/refunded/ready',
            'shipped/refunded/shipped',
            'delivered/refunded/delivered',
            'confirmed/charged_back/ready',
            'shipped/charged_back/shipped',
            'delivered/charged_back/delivered',
            'cancelling/paid/ready',
            'returned/refunding/returned',
            'cancelling/refunded/ready',
            'returned/refunded/returned',
            'cancelling/charged_back/ready',
            'returned/charged_back/returned',
            'returned/voided/returned']))
);
COMMENT ON COLUMN orders.id IS 'UUID version 7: the order of ids is the order of time.';
COMMENT ON COLUMN orders.total IS 'Minor units of the currency.';
COMMENT ON COLUMN orders.cart_version IS
    'The version of the cart that was ordered; empty if carts have none, NULL if the order is not from a cart.';
COMMENT ON COLUMN orders.reservation_id IS
    'The id of its stock at the inventory. Attempts of one request share it, so that a retry finds what it has reserved.';

-- Each index holds all orders, or those of one state or customer, in the order of one sort; docs/architecture.md says why.
CREATE INDEX orders_by_updated ON orders (updated_at, id);
CREATE INDEX orders_by_total ON orders (total, id);
CREATE INDEX orders_by_state ON orders (status, payment_status, shipping_status, id);
CREATE INDEX orders_by_state_updated ON orders (status, payment_status, shipping_status, updated_at, id);
CREATE INDEX orders_by_state_total ON orders (status, payment_status, shipping_status, total, id);
CREATE INDEX orders_by_customer ON orders (customer_id, id);
-- The customer follows the state: of two indexes that begin with it, the planner might read the shorter one and sort.
CREATE INDEX orders_by_state_customer ON orders (status, payment_status, shipping_status, customer_id, id);
CREATE INDEX orders_by_state_customer_updated
    ON orders (status, payment_status, shipping_status, customer_id, updated_at, id);
CREATE INDEX orders_by_state_customer_total ON orders (status, payment_status, shipping_status, customer_id, total, id);
-- The address itself is included because PostgreSQL reads no expression from an index alone.
CREATE INDEX orders_by_email ON orders (lower(customer_email), id) INCLUDE (customer_email)
    WHERE customer_email IS NOT NULL;
CREATE UNIQUE INDEX orders_one_live_per_cart ON orders (customer_id, cart_version)
    WHERE cart_version <> '' AND status NOT IN ('cancelled', 'failed', 'returned');
-- Those of a customer are counted before one more is placed. An index of all states might be read for all customers.
CREATE INDEX orders_unpaid ON orders (customer_id) WHERE status = 'pending' AND payment_status IN ('pending', 'processing');
CREATE INDEX orders_by_cart ON orders (customer_id, cart_version, id) WHERE cart_version IS NOT NULL;

CREATE TABLE order_items (
    order_id uuid NOT NULL REFERENCES orders,
    line_no integer NOT NULL,
    product_id varchar(64) NOT NULL,
    quantity integer NOT NULL,
    unit_price bigint NOT NULL,
    PRIMARY KEY (order_id, line_no),
    CONSTRAINT order_items_in_range CHECK (quantity BETWEEN 1 AND 100000 AND unit_price BETWEEN 0 AND 10000000000)
);
COMMENT ON COLUMN order_items.unit_price IS 'Minor units of the order''s currency.';
CREATE INDEX order_items_by_product ON order_items (product_id, order_id);
-- The end of an order's id, which people are shown and search for. Lines never change, while each change of an order
-- would add an entry to an index of orders.
CREATE INDEX order_items_by_short_id ON order_items (right(order_id::text, 8), order_id) WHERE line_no = 1;

CREATE TABLE order_events (
    order_id uuid NOT NULL REFERENCES orders,
    version integer NOT NULL,
    event varchar(32) NOT NULL,
    actor varchar(137) NOT NULL,
    status varchar(20) NOT NULL,
    payment_status varchar(20) NOT NULL,
    shipping_status varchar(20) NOT NULL,
    reason text,
    tracking_number varchar(128),
    event_id varchar(255),
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, version)
);
COMMENT ON TABLE order_events IS 'The timeline: one row for each version of an order, with the statuses it led to.';
COMMENT ON COLUMN order_events.actor IS
    'Who caused the event: customer:<id>, staff:<subject>, service:<subject>, or system:<function>.';
CREATE UNIQUE INDEX order_events_once ON order_events (order_id, event_id) WHERE event_id IS NOT NULL;

CREATE TABLE order_tasks (
    order_id uuid NOT NULL,
    version integer NOT NULL,
    kind varchar(20) NOT NULL,
    template varchar(32),
    state varchar(8) NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    claims integer NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL,
    slot smallint,
    sent_at timestamptz,
    done_at timestamptz,
    reference text,
    last_error text,
    PRIMARY KEY (order_id, version, kind),
    FOREIGN KEY (order_id, version) REFERENCES order_events
);
COMMENT ON TABLE order_tasks IS 'The outbox: the tasks that each version of an order enqueued.';
COMMENT ON COLUMN order_tasks.attempts IS
    'How often it was claimed since it was last redriven or rescheduled without a failure: what limits its retries.';
COMMENT ON COLUMN order_tasks.claims IS 'How often it was ever claimed: after the first time, its call may have had an effect.';
COMMENT ON COLUMN order_tasks.available_at IS
    'When it can be claimed: at once, after the lease of the worker that holds it, or after the delay of a retry.';
COMMENT ON COLUMN order_tasks.slot IS
    'The slot of its downstream service that a claimed task occupies until available_at; claim_task_1 assigns it.';
COMMENT ON COLUMN order_tasks.sent_at IS 'When its last message was or will be due, if it was sent again.';
COMMENT ON COLUMN order_tasks.done_at IS 'When it was done; NULL if it is not, or if somebody has set its state by hand.';
COMMENT ON COLUMN order_tasks.reference IS 'The downstream service''s id for what was made, such as a charge.';
-- The few tasks that are not done are found by state, whatever the number of those that are.
CREATE INDEX order_tasks_open ON order_tasks (state, available_at) WHERE state <> 'done';
-- Orders that need attention, in the order of time.
CREATE INDEX order_tasks_failed ON order_tasks (order_id) WHERE state = 'failed';
CREATE INDEX order_tasks_in_slots ON order_tasks (kind, slot) WHERE slot IS NOT NULL;

CREATE TABLE idempotency_keys (
    caller varchar(128) NOT NULL,
    key varchar(255) NOT NULL,
    request_hash bytea NOT NULL,
    order_id uuid,
    generation integer NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
COMMENT ON COLUMN idempotency_keys.order_id IS 'The order placed with the key; NULL while there is none.';
COMMENT ON COLUMN idempotency_keys.generation IS
    'That of the order''s reservation. Without an order: no order may be stored on this or an earlier reservation.';
CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at);

CREATE TABLE stock_holds (
    reservation_id uuid NOT NULL,
    product_id varchar(64) NOT NULL,
    quantity integer NOT NULL CHECK (quantity >= 1),
    catalog_quantity bigint NOT NULL,
    state varchar(10) NOT NULL CHECK (state IN ('reserving', 'reserved', 'sold', 'releasing')),
    order_id uuid,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (reservation_id, product_id)
);
COMMENT ON TABLE stock_holds IS
    'Stock taken out of a catalog that has no reservations. Written before the catalog is changed, so that a crash '
    'between the two leaves a trace.';
COMMENT ON COLUMN stock_holds.catalog_quantity IS 'The catalog''s quantity before the change that the state names.';
COMMENT ON COLUMN stock_holds.order_id IS 'The order that was stored on the reservation; NULL while there is none.';
CREATE INDEX stock_holds_unsettled ON stock_holds (product_id) WHERE state IN ('reserving', 'releasing');
CREATE INDEX stock_holds_without_order ON stock_holds (changed_at) WHERE order_id IS NULL;

CREATE TABLE catalog_changes (
    product_id varchar(64) PRIMARY KEY,
    changes bigint NOT NULL
);
COMMENT ON TABLE catalog_changes IS
    'How often the stock holds of a product were written: before and after each change of its quantity in the catalog. '
    'A quantity that was read between two equal numbers is the present one, as far as this service is concerned.';

-- Counts of orders by state and time, without counting orders one by one.

CREATE TABLE count_deltas (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    minute timestamptz NOT NULL,
    currency varchar(3) NOT NULL,
    status varchar(20) NOT NULL,
    payment_status varchar(20) NOT NULL,
    shipping_status varchar(20) NOT NULL,
    orders integer NOT NULL,
    revenue numeric NOT NULL
);
COMMENT ON TABLE count_deltas IS
    'Changes in the number of orders of one minute, currency and state. Rows are only inserted, so that changes of '
    'orders never wait for each other; the relay rolls them up into order_counts and order_minutes.';
COMMENT ON COLUMN count_deltas.minute IS 'The minute in which the orders were placed.';
COMMENT ON COLUMN count_deltas.revenue IS 'The totals of the orders, in minor units of the currency.';

CREATE TABLE order_counts (
    currency varchar(3) NOT NULL,
    status varchar(20) NOT NULL,
    payment_status varchar(20) NOT NULL,
    shipping_status varchar(20) NOT NULL,
    orders bigint NOT NULL,
    revenue numeric NOT NULL,
    PRIMARY KEY (currency, status, payment_status, shipping_status)
);
COMMENT ON TABLE order_counts IS 'The number of orders, as far as count_deltas is rolled up.';

CREATE TABLE order_minutes (
    minute timestamptz NOT NULL,
    currency varchar(3) NOT NULL,
    orders bigint NOT NULL,
    revenue numeric NOT NULL,
    PRIMARY KEY (minute, currency)
);
COMMENT ON TABLE order_minutes IS 'Orders placed in each minute of the last two days, as far as count_deltas is rolled up.';

-- The database's functions append their own deltas, and say so in a setting of the transaction. This trigger counts all
-- other changes, such as corrections by an operator; for the functions it costs the evaluation of one condition.
CREATE FUNCTION append_count_delta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
        VALUES (date_trunc('minute', OLD.created_at), OLD.currency, OLD.status, OLD.payment_status, OLD.shipping_status,
            -1, -OLD.total);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
        VALUES (date_trunc('minute', NEW.created_at), NEW.currency, NEW.status, NEW.payment_status, NEW.shipping_status,
            1, NEW.total);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION append_count_delta IS 'Append the count deltas of an order that was changed by hand.';

CREATE TRIGGER orders_changed_by_hand AFTER INSERT OR UPDATE OR DELETE ON orders
    FOR EACH ROW WHEN (current_setting('orders.appends_count_deltas', true) IS DISTINCT FROM 'true')
    EXECUTE FUNCTION append_count_delta();

-- Functions that write log in as orders_app, functions that only read as orders_reader; neither owns anything. A later
-- migration that creates a table grants what they need of it.

-- Roles belong to the server and not to the database: they may exist already, or be created while this runs.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['orders_app', 'orders_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- Created by the migration of another database meanwhile.
        END;
        -- For this database only, so that migrations of others do not wait for it.
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = public', name, current_database());
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET lock_timeout = ''5s''', name, current_database());
        EXECUTE format(
            'ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = ''10s''', name, current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
        -- On RDS, members of this role log in with an IAM token.
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') AND NOT pg_has_role(name, 'rds_iam', 'MEMBER') THEN
            EXECUTE format('GRANT rds_iam TO %I', name);
        END IF;
    END LOOP;
    -- Shorter than the time-outs of the functions, which must have time to answer.
    EXECUTE format('ALTER ROLE orders_app IN DATABASE %I SET statement_timeout = ''8s''', current_database());
    EXECUTE format('ALTER ROLE orders_reader IN DATABASE %I SET statement_timeout = ''5s''', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO orders_app, orders_reader;

GRANT SELECT, INSERT, UPDATE ON orders TO orders_app;
GRANT SELECT, INSERT ON order_items, order_events TO orders_app;
GRANT SELECT, INSERT, UPDATE ON order_tasks TO orders_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, stock_holds TO orders_app;
GRANT SELECT, INSERT, UPDATE ON catalog_changes TO orders_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON count_deltas, order_counts, order_minutes TO orders_app;

GRANT SELECT ON orders, order_items, order_events, order_tasks TO orders_reader;
GRANT SELECT ON count_deltas, order_counts, order_minutes TO orders_reader;
