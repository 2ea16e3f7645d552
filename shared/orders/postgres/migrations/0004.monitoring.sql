-- How many orders are in each state, and what was placed when, known without counting orders.

CREATE TABLE order_deltas (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    minute timestamptz NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    shipping_status text NOT NULL,
    orders integer NOT NULL,
    revenue numeric NOT NULL
);
COMMENT ON TABLE order_deltas IS
    'By how much the orders of one minute, currency and state have become more or fewer. Rows are only added, so that '
    'nobody who changes an order waits for another; the relay folds them into order_counts and order_minutes.';
COMMENT ON COLUMN order_deltas.minute IS 'In which the orders were placed.';
COMMENT ON COLUMN order_deltas.revenue IS 'Minor units of the currency, as everywhere here: the totals of the orders.';

CREATE TABLE order_counts (
    currency text NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    shipping_status text NOT NULL,
    orders bigint NOT NULL,
    revenue numeric NOT NULL,
    PRIMARY KEY (currency, status, payment_status, shipping_status)
);
COMMENT ON TABLE order_counts IS 'How many orders there are, as far as order_deltas has been folded.';

CREATE TABLE order_minutes (
    minute timestamptz NOT NULL,
    currency text NOT NULL,
    orders bigint NOT NULL,
    revenue numeric NOT NULL,
    PRIMARY KEY (minute, currency)
);
COMMENT ON TABLE order_minutes IS
    'What was placed in each minute of the last two days, as far as order_deltas has been folded.';

CREATE FUNCTION append_order_deltas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
    SELECT date_trunc('minute', created_at), currency, status, payment_status, shipping_status,
        TG_ARGV[0]::integer * count(*), TG_ARGV[0]::integer * sum(total)
    FROM changed GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION append_order_deltas IS 'Notes the orders that a statement has changed: as they are (1) or were (-1).';

CREATE TRIGGER orders_inserted AFTER INSERT ON orders REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION append_order_deltas('1');
CREATE TRIGGER orders_updated_from AFTER UPDATE ON orders REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION append_order_deltas('-1');
CREATE TRIGGER orders_updated_to AFTER UPDATE ON orders REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION append_order_deltas('1');
CREATE TRIGGER orders_deleted AFTER DELETE ON orders REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION append_order_deltas('-1');

-- A new trigger keeps others from changing orders until this migration is committed: none is counted twice or missed.
INSERT INTO order_counts (currency, status, payment_status, shipping_status, orders, revenue)
SELECT currency, status, payment_status, shipping_status, count(*), sum(total) FROM orders GROUP BY 1, 2, 3, 4;

INSERT INTO order_minutes (minute, currency, orders, revenue)
SELECT date_trunc('minute', created_at), currency, count(*), sum(total) FROM orders
WHERE created_at >= now() - interval '2 days' GROUP BY 1, 2;

-- The few tasks that are not done are found, by state, whatever the number of those that are.
DROP INDEX order_tasks_due;
CREATE INDEX order_tasks_open ON order_tasks (state, available_at) WHERE state <> 'done';
