-- Erase the personal data of at most p_limit orders that have ended and have no pending task; return them as a JSON array
-- of [id, version]. p_task_kind is the kind of the task to enqueue for each; NULL for none.
--
-- With p_customer_id: the customer's orders that were placed at p_before or earlier, the oldest first. With NULL: anybody's
-- orders that last changed before p_before, the one that has not changed for the longest time first.
--
-- Erased are names, e-mail addresses, postal addresses, payment methods, notes, metadata, and reasons, which may be
-- anybody's words, except those that are the order's failure_reason. Numbers, amounts, lines and statuses stay.
--
-- Orders that somebody else has locked are left for the next call. So nobody waits, and two calls at once share the work.
CREATE OR REPLACE FUNCTION erase_orders_2(
    p_customer_id text, p_before timestamptz, p_limit integer, p_actor text, p_at timestamptz,
    p_task_kind text)
RETURNS json LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    locked uuid[];
    ids uuid[];
BEGIN
    -- OFFSET 0 keeps the search for tasks from becoming a join, which could read all orders before the first is returned.
    IF p_customer_id IS NOT NULL THEN
        locked := ARRAY(
            SELECT id FROM orders
            WHERE customer_id = p_customer_id AND created_at <= p_before
              AND erased_at IS NULL AND status IN ('delivered', 'cancelled', 'failed', 'returned')
              AND NOT EXISTS (SELECT FROM order_tasks WHERE order_id = orders.id AND state = 'pending' OFFSET 0)
            ORDER BY id LIMIT p_limit FOR UPDATE SKIP LOCKED);
    ELSE
        locked := ARRAY(
            SELECT id FROM orders
            WHERE updated_at < p_before
              AND erased_at IS NULL AND status IN ('delivered', 'cancelled', 'failed', 'returned')
              AND NOT EXISTS (SELECT FROM order_tasks WHERE order_id = orders.id AND state = 'pending' OFFSET 0)
            ORDER BY updated_at, id LIMIT p_limit FOR UPDATE SKIP LOCKED);
    END IF;
    -- The statement above checks an order that has just changed as it is now, but does not see tasks that the change has
    -- enqueued. A new statement does, and nothing enqueues tasks of a locked order.
    ids := ARRAY(
        SELECT id FROM unnest(locked) AS id
        WHERE NOT EXISTS (SELECT FROM order_tasks WHERE order_id = id AND state = 'pending'));
    PERFORM set_config('orders.appends_count_deltas', 'true', true);
    UPDATE orders
    SET customer_name = NULL, customer_email = NULL, cancel_reason = NULL,
        version = version + 1, updated_at = p_at, erased_at = p_at
    WHERE id = ANY (ids);
    UPDATE order_details
    SET shipping_address = NULL, billing_address = NULL, payment_method = NULL, note = NULL, metadata = NULL
    WHERE order_id = ANY (ids);
    UPDATE order_events SET reason = NULL
    FROM orders
    WHERE order_events.order_id = ANY (ids) AND orders.id = order_events.order_id
      AND reason IS DISTINCT FROM failure_reason AND reason IS NOT NULL;
    INSERT INTO order_events (order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
    SELECT id, version, 'personal_data.erased', p_actor, status, payment_status, shipping_status, p_at
    FROM orders WHERE id = ANY (ids);
    IF p_task_kind IS NOT NULL THEN
        INSERT INTO order_tasks (order_id, version, kind, available_at)
        SELECT id, version, p_task_kind, p_at FROM orders WHERE id = ANY (ids);
    END IF;
    RETURN (SELECT coalesce(json_agg(json_build_array(id, version)), '[]') FROM orders WHERE id = ANY (ids));
END $$;
