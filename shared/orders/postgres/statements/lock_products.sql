-- Lock products for this session, in a fixed order; read the reservation's holds and all unsettled ones of the products.
SET lock_timeout = '5s';
SELECT pg_advisory_lock(hashtext('stock_holds'), bucket)
FROM (
    SELECT DISTINCT abs(hashtext(product_id) %% %(locks)s) AS bucket
    FROM unnest(%(products)s) AS product_id
    ORDER BY bucket
) AS buckets;
SELECT reservation_id, product_id, quantity, catalog_quantity, state, order_id, changed_at FROM stock_holds
WHERE product_id = ANY (%(products)s) AND (state IN ('reserving', 'releasing') OR reservation_id = %(reservation_id)s)
