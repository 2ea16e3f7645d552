-- Read all counts at one moment: what is rolled up and what is not yet.
WITH pending AS MATERIALIZED (
    SELECT minute, currency, status, payment_status, shipping_status, sum(orders) AS orders, sum(revenue) AS revenue
    FROM count_deltas GROUP BY 1, 2, 3, 4, 5
), counts AS MATERIALIZED (
    SELECT currency, status, payment_status, shipping_status, orders, revenue FROM order_counts
    UNION ALL
    SELECT currency, status, payment_status, shipping_status, orders, revenue FROM pending
), minutes AS (
    SELECT minute, currency, orders, revenue FROM order_minutes
    UNION ALL
    SELECT minute, currency, orders, revenue FROM pending
), windows (name, length) AS (
    VALUES ('1m', interval '1 minute'), ('1h', interval '1 hour'), ('1d', interval '1 day')
), states AS (
    SELECT status, payment_status, shipping_status, sum(orders) AS orders FROM counts GROUP BY 1, 2, 3
), placed AS (
    SELECT currency, sum(orders) AS orders, sum(revenue) AS revenue FROM counts GROUP BY 1
), placed_recent AS (
    SELECT name, recent.*
    FROM windows CROSS JOIN LATERAL (
        SELECT currency, sum(orders) AS orders, sum(revenue) AS revenue
        FROM minutes WHERE minute >= %(full_minute)s - length AND minute < %(full_minute)s
        GROUP BY 1
    ) AS recent
), tasks AS (
    SELECT kind,
        count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'failed') AS failed,
        greatest(0, extract(epoch FROM %(at)s - min((
            SELECT occurred_at FROM order_events
            WHERE order_id = open.order_id AND version = open.version)) FILTER (WHERE state = 'pending'))) AS age
    FROM order_tasks AS open WHERE state <> 'done' GROUP BY 1
)
SELECT
    (SELECT json_agg(json_build_array(status, payment_status, shipping_status, orders)) FROM states) AS states,
    (SELECT json_agg(json_build_array(currency, orders, revenue) ORDER BY currency) FROM placed) AS placed,
    (SELECT json_agg(json_build_array(name, currency, coalesce(orders, 0), coalesce(revenue, 0))
        ORDER BY length, currency)
        FROM (SELECT name, length, currency FROM windows CROSS JOIN placed) AS every
        LEFT JOIN placed_recent USING (name, currency)) AS placed_recent,
    (SELECT json_agg(json_build_array(kind, pending, failed, age)) FROM tasks) AS tasks
