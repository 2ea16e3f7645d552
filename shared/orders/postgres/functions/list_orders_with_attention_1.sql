-- List orders as list_orders_1 does, each with whether one of its tasks has failed.
CREATE OR REPLACE FUNCTION list_orders_with_attention_1(
    p_customer_id text, p_product_id text, p_statuses text[], p_payment_statuses text[], p_shipping_statuses text[],
    p_above uuid, p_below uuid, p_descending boolean, p_limit integer, p_offset integer)
RETURNS TABLE (listed orders, needs_attention boolean)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    -- Not EXISTS: the planner might read all failed tasks.
    RETURN QUERY
        SELECT orders, (SELECT true FROM order_tasks WHERE order_id = orders.id AND state = 'failed' LIMIT 1) IS NOT NULL
        FROM list_orders_1(
            p_customer_id, p_product_id, p_statuses, p_payment_statuses, p_shipping_statuses, p_above, p_below,
            p_descending, p_limit, p_offset) AS orders;
END $$;
