-- Read an order with its lines and its timeline; NULL as owner reads anybody's.
SELECT orders.*,
    (SELECT json_agg(json_build_array(product_id, quantity, unit_price) ORDER BY line_no)
        FROM order_items WHERE order_id = orders.id) AS items,
    (SELECT json_agg(json_build_object(
            'event', event, 'version', version, 'status', status, 'payment_status', payment_status,
            'shipping_status', shipping_status, 'reason', reason,
            'occurred_at', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY version)
        FROM order_events WHERE order_id = orders.id) AS timeline
FROM orders
WHERE id = %(id)s AND (%(owner)s::text IS NULL OR customer_id = %(owner)s)
