-- Take the tasks that have been available for too long and were not re-sent recently, the oldest first.
WITH taken AS (
    UPDATE order_tasks SET sent_at = %(at)s
    WHERE id IN (
        SELECT id FROM order_tasks
        WHERE state = 'pending' AND available_at < %(overdue_since)s
          AND (sent_at IS NULL OR sent_at < %(sent_before)s)
        ORDER BY available_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, available_at, order_id, version
)
SELECT id, kind FROM taken ORDER BY available_at, order_id, version, kind
