-- Count the orders of a customer that were placed at p_before or earlier and are not erased, up to p_limit of each kind:
-- those that can be erased now, and those that are live, because of their state, which is one of the given ones, or because
-- of a pending task.
CREATE OR REPLACE FUNCTION count_unerased_1(
    p_customer_id text, p_before timestamptz, p_limit integer, p_statuses text[], p_payment_statuses text[],
    p_shipping_statuses text[])
RETURNS TABLE (ended integer, live integer)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    SELECT count(*) FILTER (WHERE NOT has_tasks), count(*) FILTER (WHERE has_tasks) INTO ended, live
    FROM (
        SELECT EXISTS (SELECT FROM order_tasks WHERE order_id = orders.id AND state = 'pending') AS has_tasks
        FROM orders
        WHERE customer_id = p_customer_id AND created_at <= p_before
          AND erased_at IS NULL AND status IN ('delivered', 'cancelled', 'failed', 'returned')
        LIMIT p_limit) AS unerased;
    live := least(p_limit, live + (
        SELECT count(*) FROM unnest(p_statuses, p_payment_statuses, p_shipping_statuses) AS state (a, b, c), LATERAL (
            SELECT FROM orders
            WHERE (status, payment_status, shipping_status, customer_id) = (a, b, c, p_customer_id)
              AND created_at <= p_before
            LIMIT p_limit) AS counted));
    RETURN NEXT;
END $$;
