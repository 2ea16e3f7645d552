-- Read the next orders of a customer with lines and timelines, by id: as many as the limits allow, and at least one.
SELECT get_order_2(id, NULL, true) AS found, has_more
FROM (
    SELECT id, row_number() OVER places AS place, sum(line_count) OVER places AS lines,
        lead(id) OVER (ORDER BY id) IS NOT NULL AS has_more
    FROM (
        SELECT id, line_count FROM orders
        WHERE (customer_id, id) > (%(customer_id)s, %(after)s)
          AND (customer_id, id) <= (%(customer_id)s, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY customer_id, id LIMIT %(max_orders)s + 1
    ) AS next
    WINDOW places AS (ORDER BY id)
) AS page
WHERE place = 1 OR place <= %(max_orders)s AND lines <= %(max_lines)s
ORDER BY id
