-- Delete expired idempotency keys, the oldest first, but those of orders whose payment is pending; return how many.
WITH expired AS (
    DELETE FROM idempotency_keys WHERE (caller, key) IN (
        SELECT caller, key FROM idempotency_keys
        WHERE expires_at <= %(at)s
          AND NOT EXISTS (SELECT FROM orders WHERE id = idempotency_keys.order_id AND status = 'pending')
        ORDER BY expires_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED)
    RETURNING key
)
SELECT count(*) AS keys FROM expired
