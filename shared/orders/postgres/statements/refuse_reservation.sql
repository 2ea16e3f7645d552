-- Record that no order may be stored on the reservations of a key up to a generation; no row if an order has been.
INSERT INTO idempotency_keys AS known (caller, key, request_hash, generation, expires_at)
VALUES (%(caller)s, %(key)s, %(request_hash)s, %(generation)s, %(expires_at)s)
ON CONFLICT (caller, key) DO UPDATE SET
    request_hash = excluded.request_hash,
    order_id = NULL,
    generation = greatest(known.generation, excluded.generation),
    expires_at = excluded.expires_at
WHERE known.order_id IS NULL
   OR known.expires_at <= %(at)s AND known.generation < excluded.generation
      AND NOT EXISTS (SELECT FROM orders WHERE id = known.order_id AND status = 'pending')
RETURNING generation
