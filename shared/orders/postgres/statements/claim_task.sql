-- Claim a task for the length of the lease, if it is pending and available; read it with its order either way.
WITH claimed AS (
    UPDATE order_tasks SET attempts = attempts + 1, available_at = %(at)s + %(lease)s
    WHERE id = %(id)s AND state = 'pending' AND available_at <= %(at)s
    RETURNING *
), task AS (
    SELECT *, true AS claimed FROM claimed
    UNION ALL
    SELECT *, false FROM order_tasks WHERE id = %(id)s AND NOT EXISTS (SELECT FROM claimed)
)
SELECT orders.*, task.id AS task_id, task.kind, task.payload, task.state, task.attempts, task.available_at,
    task.claimed,
    (SELECT json_object_agg(kind, json_build_object(
            'id', id, 'state', state, 'attempts', attempts, 'reference', reference))
        FROM order_tasks WHERE order_id = orders.id AND kind IN ('charge_payment', 'create_shipment')) AS prior_calls,
    CASE WHEN task.kind = 'create_shipment' THEN (
        SELECT json_agg(json_build_array(product_id, quantity) ORDER BY line_no)
        FROM order_items WHERE order_id = orders.id) END AS shipment_lines
FROM task JOIN orders ON orders.id = task.order_id
