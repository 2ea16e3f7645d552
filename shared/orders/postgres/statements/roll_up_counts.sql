-- Roll up count deltas into counts and minutes, and delete minutes that are older than any window.
-- Rows are written in the order of their keys, so that two runs at once wait for each other and do not deadlock.
-- Deltas of minutes that are already deleted are not added to order_minutes, which would bring those back.
WITH rolled_up AS (
    DELETE FROM count_deltas
    WHERE id IN (SELECT id FROM count_deltas LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING *
), counted AS (
    INSERT INTO order_counts AS old (currency, status, payment_status, shipping_status, orders, revenue)
    SELECT currency, status, payment_status, shipping_status, sum(orders), sum(revenue) FROM rolled_up
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (currency, status, payment_status, shipping_status)
    DO UPDATE SET orders = old.orders + excluded.orders, revenue = old.revenue + excluded.revenue
), deleted AS (
    DELETE FROM order_minutes
    WHERE (minute, currency) IN (
        SELECT minute, currency FROM order_minutes WHERE minute < %(kept_since)s
        LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
), placed AS (
    INSERT INTO order_minutes AS old (minute, currency, orders, revenue)
    SELECT minute, currency, sum(orders), sum(revenue) FROM rolled_up WHERE minute >= %(kept_since)s
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (minute, currency)
    DO UPDATE SET orders = old.orders + excluded.orders, revenue = old.revenue + excluded.revenue
)
SELECT count(*) AS deltas FROM rolled_up
