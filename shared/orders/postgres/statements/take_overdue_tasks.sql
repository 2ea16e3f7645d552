-- Take the tasks that have been available for too long and were not re-sent recently, the oldest first.
WITH taken AS (
    UPDATE order_tasks SET sent_at = %(at)s
    WHERE (order_id, version, kind) IN (
        SELECT order_id, version, kind FROM order_tasks
        WHERE state = 'pending' AND available_at < %(overdue_since)s
          AND (sent_at IS NULL OR sent_at < %(sent_before)s)
        ORDER BY available_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED)
    RETURNING order_id, version, kind, available_at
)
SELECT order_id, version, kind FROM taken ORDER BY available_at, order_id, version, kind
