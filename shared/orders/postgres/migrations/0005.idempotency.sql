-- What becomes of a request that is sent again under its key, while the first one is still at work or has broken off.

ALTER TABLE idempotency_keys
    ADD COLUMN attempt uuid NOT NULL,
    ADD COLUMN locked_until timestamptz NOT NULL,
    ADD COLUMN is_answered boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN idempotency_keys.order_id IS
    'The id under which an attempt may hold stock; that of the order once there is one.';
COMMENT ON COLUMN idempotency_keys.attempt IS 'Who has the key: only this attempt may store an order under it.';
