-- What functions may change: no total, customer, line, key or owner of anything, and no tables of their own.

REVOKE UPDATE ON orders, order_tasks, order_details, idempotency_keys, stock_holds, catalog_changes, order_counts,
    order_minutes FROM orders_app;
GRANT UPDATE (status, payment_status, shipping_status, failure_reason, cancel_reason, tracking_number,
    external_reference, customer_name, customer_email, erased_at, version, updated_at) ON orders TO orders_app;
GRANT UPDATE (state, attempts, claims, available_at, slot, sent_at, done_at, reference, last_error)
    ON order_tasks TO orders_app;
GRANT UPDATE (shipping_address, billing_address, payment_method, note, metadata) ON order_details TO orders_app;
GRANT UPDATE (request_hash, order_id, generation, expires_at) ON idempotency_keys TO orders_app;
GRANT UPDATE (state, catalog_quantity, changed_at, order_id) ON stock_holds TO orders_app;
GRANT UPDATE (changes) ON catalog_changes TO orders_app;
GRANT UPDATE (orders, revenue) ON order_counts, order_minutes TO orders_app;

-- A temporary table could stand in for one of ours, as it comes first unless the path says otherwise.
DO $$
DECLARE
    name text;
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH name IN ARRAY ARRAY['orders_app', 'orders_reader'] LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = public, pg_temp', name, current_database());
    END LOOP;
END
$$;
