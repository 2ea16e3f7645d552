-- Store an order with its lines, the start of its timeline, and its tasks.
-- With an idempotency key, nothing is stored unless this attempt still holds the key.
WITH completed AS (
    UPDATE idempotency_keys SET is_completed = true
    WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
    RETURNING key
), placed AS (
    INSERT INTO orders (
        id, customer_id, customer_name, customer_email, status, payment_status, shipping_status,
        currency, total, line_count, cart_version, version, created_at, updated_at)
    SELECT
        %(id)s, %(customer_id)s, %(customer_name)s, %(customer_email)s, %(status)s, %(payment_status)s,
        %(shipping_status)s, %(currency)s, %(total)s, %(line_count)s, %(cart_version)s, 1, %(at)s, %(at)s
    WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM completed)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, version
), lines AS (
    INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
    SELECT placed.id, line.line_no, line.product_id, line.quantity, line.unit_price
    FROM placed, json_to_recordset(%(lines)s)
        AS line (line_no integer, product_id text, quantity integer, unit_price bigint)
), timeline AS (
    INSERT INTO order_events (order_id, version, event, status, payment_status, shipping_status, occurred_at)
    SELECT id, version, %(event)s, %(status)s, %(payment_status)s, %(shipping_status)s, %(at)s FROM placed
), enqueued AS (
    INSERT INTO order_tasks (order_id, version, kind, payload, available_at)
    SELECT placed.id, placed.version, task.kind, task.payload, %(at)s
    FROM placed, json_to_recordset(%(tasks)s) AS task (kind text, payload jsonb)
    RETURNING id, kind
)
SELECT (SELECT json_agg(json_build_object('id', id, 'kind', kind)) FROM enqueued) AS enqueued,
    %(key)s::text IS NULL OR EXISTS (SELECT FROM completed) AS holds_key
