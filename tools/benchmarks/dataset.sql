-- A year of orders; their number is %(orders)s. Random values are hashes of the order's number, so that every run has the
-- same orders. Triggers and foreign keys are off: the rows are consistent anyway.

SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';

CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS float LANGUAGE sql IMMUTABLE AS
    'SELECT (hashint8extended(n, salt) & 2147483647)::float / 2147483648';

-- Statuses by per mille of the orders, with version and failure reason.
CREATE TEMP TABLE shares AS
SELECT string_to_array(state, '/') AS state, version, reason, sum(share) OVER (ORDER BY state) - share AS above,
    sum(share) OVER (ORDER BY state) AS up_to
FROM (VALUES
    ('delivered/paid/delivered', 604, 6, NULL),
    ('shipped/paid/shipped', 120, 5, NULL),
    ('confirmed/paid/ready', 50, 4, NULL),
    ('confirmed/paid/pending', 20, 3, NULL),
    ('pending/processing/pending', 5, 2, NULL),
    ('cancelling/paid/ready', 2, 5, NULL),
    ('cancelled/refunded/cancelled', 60, 5, NULL),
    ('cancelled/voided/cancelled', 40, 2, NULL),
    ('cancelled/refunding/cancelled', 3, 4, NULL),
    ('failed/failed/cancelled', 25, 3, 'payment_declined'),
    ('failed/voided/cancelled', 5, 2, 'expired'),
    ('returned/refunded/returned', 30, 8, NULL),
    -- The others are rare, but each has some.
    ('confirmed/refunded/pending', 2, 4, NULL),
    ('confirmed/charged_back/pending', 2, 4, NULL),
    ('confirmed/refunded/ready', 2, 5, NULL),
    ('confirmed/charged_back/ready', 2, 5, NULL),
    ('shipped/refunded/shipped', 2, 6, NULL),
    ('shipped/charged_back/shipped', 2, 6, NULL),
    ('delivered/refunded/delivered', 2, 7, NULL),
    ('delivered/charged_back/delivered', 2, 7, NULL),
    ('cancelling/refunded/ready', 2, 6, NULL),
    ('cancelling/charged_back/ready', 2, 6, NULL),
    ('cancelled/processing/cancelled', 2, 3, NULL),
    ('cancelled/charged_back/cancelled', 2, 6, NULL),
    ('failed/refunding/cancelled', 2, 4, 'out_of_stock'),
    ('failed/refunded/cancelled', 2, 5, 'out_of_stock'),
    ('failed/charged_back/cancelled', 2, 6, 'out_of_stock'),
    ('returned/refunding/returned', 2, 7, NULL),
    ('returned/charged_back/returned', 2, 8, NULL),
    ('returned/voided/returned', 2, 7, NULL)
) AS given (state, share, version, reason);

-- The last 200 orders were placed just now, so that the backlog does not depend on the size.
-- A few customers place many orders, and a few products are in many orders.
CREATE TEMP TABLE made AS
SELECT n, (lpad(to_hex(milliseconds), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid AS id,
    'c' || floor(%(orders)s / 5 * power(pg_temp.chance(n, 1), 3)) AS customer,
    coalesce(shares.state, '{pending,pending,pending}') AS state, coalesce(shares.version, 1) AS version, shares.reason,
    1 + floor(5 * power(pg_temp.chance(n, 2), 2))::integer AS lines, to_timestamp(milliseconds / 1000.0) AS created_at
FROM (
    SELECT n, md5(n::text) AS hash, (extract(epoch FROM now()) * 1000)::bigint
        - (%(orders)s - n) * 1000
        - greatest(0, %(orders)s - n - 200) * (365 * 86400000::bigint / %(orders)s) AS milliseconds
    FROM generate_series(1::bigint, %(orders)s) AS n
) AS numbered
LEFT JOIN shares ON n <= %(orders)s - 200 AND 1000 * pg_temp.chance(n, 3) >= above AND 1000 * pg_temp.chance(n, 3) < up_to;

CREATE TEMP TABLE made_items AS
SELECT made.n, made.id, line_no, 'P' || floor(5000 * power(pg_temp.chance(made.n * 8 + line_no, 4), 3)) AS product_id,
    1 + floor(3 * pg_temp.chance(made.n * 8 + line_no, 5))::integer AS quantity,
    99 + floor(9900 * pg_temp.chance(made.n * 8 + line_no, 6))::bigint AS unit_price
FROM made, generate_series(1, lines) AS line_no;

-- Building an index at once is faster than row by row.
CREATE TEMP TABLE indexes AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename IN ('orders', 'order_items', 'order_events', 'order_tasks')
  AND indexname NOT IN (SELECT conname FROM pg_constraint);
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT indexname FROM indexes LOOP
        EXECUTE format('DROP INDEX %%I', name);
    END LOOP;
END $$;

INSERT INTO orders (id, number, customer_id, customer_name, customer_email, status, payment_status, shipping_status, currency,
    total, line_count, failure_reason, tracking_number, reservation_id, version, created_at, updated_at)
SELECT made.id, 100000 + made.n, customer, 'Customer ' || customer, customer || '@example.com', state[1], state[2], state[3], 'USD',
    sums.total + CASE WHEN made.n %% 3 = 0 THEN 490 ELSE 0 END, lines, reason, CASE WHEN version BETWEEN 4 AND 8 THEN 'TRACK' || made.n END, made.id, version,
    created_at, created_at + (version - 1) * interval '6 hours'
FROM made JOIN (SELECT n, sum(quantity * unit_price) AS total FROM made_items GROUP BY n) AS sums USING (n)
ORDER BY made.n;
SELECT setval(pg_get_serial_sequence('orders', 'number'), 100000 + %(orders)s);

INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT id, line_no, product_id, quantity, unit_price FROM made_items ORDER BY n, line_no;

-- A third of the orders was placed with an address and postage.
INSERT INTO order_details (order_id, adjustments, shipping_address, shipping_method)
SELECT id, '[{"kind": "shipping", "amount": 490, "description": "Standard"}]',
    json_build_object('name', 'Customer ' || customer, 'line1', n || ' Main Street', 'city', 'Springfield', 'country', 'US'),
    'standard'
FROM made WHERE n %% 3 = 0 ORDER BY n;

INSERT INTO order_events (order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
SELECT id, entry, CASE entry WHEN 1 THEN 'order.placed' ELSE 'order.changed' END,
    CASE entry WHEN 1 THEN 'customer:' || customer ELSE 'system:process_task' END, state[1], state[2], state[3],
    created_at + (entry - 1) * interval '6 hours'
FROM made, generate_series(1, version) AS entry ORDER BY n, entry;

INSERT INTO event_feed (position, order_id, version)
SELECT row_number() OVER (ORDER BY order_id, version), order_id, version FROM order_events ORDER BY order_id, version;

INSERT INTO order_tasks (order_id, version, kind, template, state, attempts, available_at, reference)
SELECT made.id, task.version, kind, template, CASE WHEN made.version = 1 THEN 'pending' ELSE 'done' END,
    CASE WHEN made.version = 1 THEN 0 ELSE 1 END, created_at, CASE WHEN made.version > 1 THEN 'reference' END
FROM made JOIN (VALUES
    (1, 'charge_payment', NULL),
    (1, 'send_notification', 'order_received'),
    (3, 'commit_stock', NULL),
    (3, 'create_shipment', NULL),
    (3, 'send_notification', 'order_confirmed')
) AS task (version, kind, template) ON task.version <= made.version
ORDER BY n;

DO $$
DECLARE
    definition text;
BEGIN
    FOR definition IN SELECT indexdef FROM indexes LOOP
        EXECUTE definition;
    END LOOP;
END $$;

INSERT INTO order_counts (currency, status, payment_status, shipping_status, orders, revenue)
SELECT currency, status, payment_status, shipping_status, count(*), sum(total) FROM orders GROUP BY 1, 2, 3, 4;

INSERT INTO order_minutes (minute, currency, orders, revenue)
SELECT date_trunc('minute', created_at), currency, count(*), sum(total) FROM orders
WHERE created_at >= now() - interval '2 days' GROUP BY 1, 2;

-- The same orders for the other contenders, with the indexes that their statements need.
CREATE SCHEMA peer;

CREATE TABLE peer.orders (LIKE orders INCLUDING COMMENTS);
ALTER TABLE peer.orders
    DROP COLUMN reservation_id, DROP COLUMN number, DROP COLUMN external_reference, DROP COLUMN erased_at;
INSERT INTO peer.orders
SELECT id, customer_id, customer_name, customer_email, status, payment_status, shipping_status, currency, total,
    line_count, cart_version, cancel_reason, failure_reason, tracking_number, version, created_at, updated_at
FROM orders ORDER BY id;
ALTER TABLE peer.orders ADD PRIMARY KEY (id);
CREATE INDEX ON peer.orders (customer_id, id);

CREATE TABLE peer.order_items (LIKE order_items INCLUDING COMMENTS);
ALTER TABLE peer.order_items DROP COLUMN name;
INSERT INTO peer.order_items
SELECT order_id, line_no, product_id, quantity, unit_price FROM order_items ORDER BY order_id, line_no;
ALTER TABLE peer.order_items ADD PRIMARY KEY (order_id, line_no),
    ADD FOREIGN KEY (order_id) REFERENCES peer.orders;
CREATE INDEX ON peer.order_items (product_id, order_id);

-- Tables that the floor and the peer with equal work write beside an order.
CREATE TABLE peer.order_events (
    order_id uuid NOT NULL REFERENCES peer.orders, version integer NOT NULL, event text NOT NULL, status text NOT NULL,
    payment_status text NOT NULL, shipping_status text NOT NULL, occurred_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, version));
CREATE TABLE peer.outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES peer.orders, kind text NOT NULL,
    template text);
CREATE TABLE peer.idempotency_keys (
    caller text, key text, request_hash bytea, order_id uuid NOT NULL, expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key));

GRANT USAGE ON SCHEMA peer TO orders_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA peer TO orders_app;
