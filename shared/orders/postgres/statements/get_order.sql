-- Read an order with its lines; NULL as owner reads anybody's.
SELECT orders.*,
    (SELECT json_agg(json_build_array(product_id, quantity, unit_price) ORDER BY line_no)
        FROM order_items WHERE order_id = orders.id) AS items
FROM orders
WHERE id = %(id)s AND (%(owner)s::text IS NULL OR customer_id = %(owner)s)
