-- Read an order with its lines, its details and, if requested, its timeline; NULL as owner reads anybody's. Answers NULL if there is
-- none. One JSON value, because twenty columns take longer to describe than the order takes to read.
CREATE OR REPLACE FUNCTION get_order_2(p_id uuid, p_owner text, p_timeline boolean)
RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    stored orders;
    timeline json;
BEGIN
    SELECT * INTO stored FROM orders WHERE id = p_id AND (p_owner IS NULL OR customer_id = p_owner);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF p_timeline THEN
        timeline := (
            SELECT json_agg(json_build_object(
                'event', event, 'actor', actor, 'version', version, 'status', status, 'payment_status', payment_status,
                'shipping_status', shipping_status, 'reason', reason, 'tracking_number', tracking_number,
                'changed_fields', changed_fields,
                'occurred_at', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                ORDER BY version)
            FROM order_events WHERE order_id = p_id);
    END IF;
    RETURN json_build_object(
        'stored', stored,
        'timeline', timeline,
        'needs_attention', EXISTS (SELECT FROM order_tasks WHERE order_id = p_id AND state = 'failed'),
        'details', (SELECT to_json(detail) FROM order_details AS detail WHERE order_id = p_id),
        'items', (
            SELECT json_agg(json_build_array(product_id, quantity, unit_price, name) ORDER BY line_no)
            FROM order_items WHERE order_id = p_id));
END $$;
