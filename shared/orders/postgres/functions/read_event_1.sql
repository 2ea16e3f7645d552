-- Read an event with what its document tells of the order: nothing that is personal data.
CREATE OR REPLACE FUNCTION read_event_1(p_order_id uuid, p_version integer) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'order_id', id, 'version', happened.version, 'event', event, 'actor', actor,
            'status', happened.status, 'payment_status', happened.payment_status,
            'shipping_status', happened.shipping_status, 'changed_fields', changed_fields,
            'occurred_at', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'number', number, 'currency', currency, 'total', total,
            -- An order that has failed stays failed, for the same reason; its earlier events have none.
            'failure_reason', CASE happened.status WHEN 'failed' THEN failure_reason END,
            'adjustments', (SELECT adjustments FROM order_details WHERE order_id = p_order_id),
            'items', (
                SELECT json_agg(json_build_array(product_id, quantity, unit_price, name) ORDER BY line_no)
                FROM order_items WHERE order_id = p_order_id))
        FROM order_events AS happened, orders
        WHERE happened.order_id = p_order_id AND happened.version = p_version AND id = p_order_id);
END $$;
