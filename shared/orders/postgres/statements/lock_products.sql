-- Lock products for this session, in a fixed order. Read how often they have been changed, the reservation's holds of them,
-- and all unsettled ones. At least one row; without holds, its other columns are NULL.
SET lock_timeout = '5s';
SELECT pg_advisory_lock(hashtext('stock_holds'), number)
FROM (
    SELECT DISTINCT hashtext(product_id) AS number FROM unnest(%(products)s) AS product_id ORDER BY number
) AS numbers;
SELECT changes, reservation_id, product_id, quantity, catalog_quantity, state, order_id, changed_at
FROM (
    SELECT coalesce(sum(changes), 0)::bigint AS changes FROM catalog_changes WHERE product_id = ANY (%(products)s)
) AS made
LEFT JOIN stock_holds
    ON product_id = ANY (%(products)s)
    AND (state IN ('reserving', 'releasing') OR reservation_id = %(reservation_id)s)
