-- The events before the feed get the first positions, in the order of time. Those of an order stay in the order of its
-- versions, whatever the clocks said. No function assigns positions yet, and nobody waits for this statement.

INSERT INTO event_feed (position, order_id, version)
SELECT row_number() OVER (ORDER BY happened_at, order_id, version), order_id, version
FROM (
    SELECT order_id, version, max(occurred_at) OVER (PARTITION BY order_id ORDER BY version) AS happened_at
    FROM order_events
    WHERE NOT EXISTS (
        SELECT FROM unsequenced_events AS later
        WHERE (later.order_id, later.version) = (order_events.order_id, order_events.version))
) AS earlier;
