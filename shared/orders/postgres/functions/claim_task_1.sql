-- Claim a task for the length of the lease, if it is pending and available; read it with its order either way.
CREATE OR REPLACE FUNCTION claim_task_1(
    p_order_id uuid, p_version integer, p_kind text, p_at timestamptz, p_lease interval)
RETURNS TABLE (
    stored orders, template text, state text, attempts integer, available_at timestamptz, claimed boolean,
    prior_calls json, shipment_lines json)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    task order_tasks;
BEGIN
    UPDATE order_tasks SET attempts = attempts + 1, available_at = p_at + p_lease
    WHERE order_id = p_order_id AND version = p_version AND kind = p_kind AND state = 'pending' AND available_at <= p_at
    RETURNING * INTO task;
    claimed := FOUND;
    IF NOT claimed THEN
        SELECT * INTO task FROM order_tasks WHERE order_id = p_order_id AND version = p_version AND kind = p_kind;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    template := task.template;
    state := task.state;
    attempts := task.attempts;
    available_at := task.available_at;
    SELECT * INTO stored FROM orders WHERE id = p_order_id;
    prior_calls := (
        SELECT json_object_agg(kind, json_build_object(
            'version', version, 'state', state, 'attempts', attempts, 'reference', reference))
        FROM order_tasks WHERE order_id = p_order_id AND kind IN ('charge_payment', 'create_shipment'));
    IF p_kind = 'create_shipment' THEN
        shipment_lines := (
            SELECT json_agg(json_build_array(product_id, quantity) ORDER BY line_no)
            FROM order_items WHERE order_id = p_order_id);
    END IF;
    RETURN NEXT;
END $$;
