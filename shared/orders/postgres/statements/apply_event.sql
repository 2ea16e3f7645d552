-- Apply an event to an order: new statuses, version, timeline and tasks at once, if a rule matches its state.
-- The row is locked first, so that the rule is chosen by the current state and not by the statement's snapshot: of two
-- racing events the second one sees the result of the first. The new statuses are computed from the locked row too,
-- because an update that meets a newer row is evaluated again, but only its first evaluation is checked.
WITH locked AS MATERIALIZED (
    SELECT * FROM orders
    WHERE id = %(id)s AND (%(owner)s::text IS NULL OR customer_id = %(owner)s)
    FOR UPDATE
), rule AS MATERIALIZED (
    SELECT coalesce(rule.status, locked.status) AS status,
        coalesce(rule.payment_status, locked.payment_status) AS payment_status,
        coalesce(rule.shipping_status, locked.shipping_status) AS shipping_status,
        coalesce(rule.failure_reason, locked.failure_reason) AS failure_reason,
        rule.failure_reason AS new_failure_reason, rule.tasks
    FROM locked, json_to_recordset(%(rules)s) AS rule (
        statuses text[], payment_statuses text[], shipping_statuses text[],
        status text, payment_status text, shipping_status text, failure_reason text, tasks json)
    WHERE (rule.statuses IS NULL OR locked.status = ANY (rule.statuses))
      AND (rule.payment_statuses IS NULL OR locked.payment_status = ANY (rule.payment_statuses))
      AND (rule.shipping_statuses IS NULL OR locked.shipping_status = ANY (rule.shipping_statuses))
      AND (%(expected_versions)s::integer[] IS NULL OR locked.version = ANY (%(expected_versions)s))
      AND NOT EXISTS (SELECT FROM order_events WHERE order_id = locked.id AND event_id = %(event_id)s)
), changed AS (
    UPDATE orders
    SET status = rule.status,
        payment_status = rule.payment_status,
        shipping_status = rule.shipping_status,
        failure_reason = rule.failure_reason,
        cancel_reason = coalesce(%(cancel_reason)s, orders.cancel_reason),
        tracking_number = coalesce(%(tracking_number)s, orders.tracking_number),
        version = orders.version + 1,
        updated_at = %(at)s
    FROM rule
    WHERE orders.id = %(id)s
    RETURNING orders.*
), timeline AS (
    INSERT INTO order_events (
        order_id, version, event, status, payment_status, shipping_status, reason, event_id, occurred_at)
    SELECT changed.id, changed.version, %(event)s, changed.status, changed.payment_status, changed.shipping_status,
        coalesce(%(reason)s, rule.new_failure_reason), %(event_id)s, %(at)s
    FROM changed, rule
), enqueued AS (
    INSERT INTO order_tasks (order_id, version, kind, payload, available_at)
    SELECT changed.id, changed.version, task.kind, task.payload, %(at)s
    FROM changed, rule, json_to_recordset(rule.tasks) AS task (kind text, payload jsonb)
    RETURNING id, kind
), finished AS (
    UPDATE order_tasks SET state = 'done', reference = %(reference)s, last_error = NULL
    FROM locked
    WHERE order_tasks.id = %(task_id)s AND order_tasks.order_id = locked.id AND order_tasks.state = 'pending'
)
SELECT current.*,
    (SELECT json_agg(json_build_array(product_id, quantity, unit_price) ORDER BY line_no)
        FROM order_items WHERE order_id = current.id) AS items,
    (SELECT json_agg(json_build_object('id', id, 'kind', kind)) FROM enqueued) AS enqueued,
    EXISTS (SELECT FROM changed) AS applied,
    EXISTS (SELECT FROM order_events WHERE order_id = current.id AND event_id = %(event_id)s) AS repeated
FROM (
    SELECT * FROM changed
    UNION ALL
    SELECT * FROM locked WHERE NOT EXISTS (SELECT FROM changed)
) AS current
