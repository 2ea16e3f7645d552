-- Claim an idempotency key for the length of the lease, unless its request is completed or in progress.
-- Run again over a new connection, it finds the key claimed by the same attempt.
WITH claimed AS (
    INSERT INTO idempotency_keys AS known
        (caller, key, request_hash, order_id, attempt, locked_until, expires_at)
    VALUES (
        %(caller)s, %(key)s, %(request_hash)s, %(attempt)s, %(attempt)s, %(at)s + %(lease)s, %(at)s + %(lifetime)s)
    ON CONFLICT (caller, key) DO UPDATE SET
        request_hash = excluded.request_hash,
        order_id = CASE WHEN known.is_completed THEN excluded.order_id ELSE known.order_id END,
        attempt = excluded.attempt,
        locked_until = excluded.locked_until,
        expires_at = excluded.expires_at,
        is_completed = false
    WHERE known.expires_at <= %(at)s
       OR known.request_hash = excluded.request_hash AND NOT known.is_completed
          AND (known.locked_until <= %(at)s OR known.attempt = excluded.attempt)
    RETURNING order_id
)
SELECT order_id, true AS is_claimed, true AS is_same, false AS is_completed FROM claimed
UNION ALL
SELECT order_id, false, request_hash = %(request_hash)s, is_completed FROM idempotency_keys
WHERE caller = %(caller)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
