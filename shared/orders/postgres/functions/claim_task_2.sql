-- Claim a task for the length of the lease, if it is pending and available and its service has a free slot; read it with
-- its order either way.
--
-- A service has p_slots slots; p_kinds are the kinds of its tasks. A claimed task occupies a slot until it is finished or
-- rescheduled, or its lease ends. Without a free slot the answer is `busy`, and the caller sends the task again, after as
-- long as it has been available, p_busy_delay at the most; until then the relay does not send it.
-- A lock on one slot keeps concurrent claims from taking the same one, and none of them waits for another.
CREATE OR REPLACE FUNCTION claim_task_2(
    p_order_id uuid, p_version integer, p_kind text, p_at timestamptz, p_lease interval,
    p_service text, p_kinds text[], p_slots integer, p_busy_delay interval)
RETURNS TABLE (
    stored orders, template text, state text, attempts integer, claims integer, available_at timestamptz,
    enqueued_at timestamptz, claimed boolean, busy boolean, prior_calls json, lines json, details json)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    task order_tasks;
    free_slot integer;
BEGIN
    SELECT * INTO task FROM order_tasks WHERE order_id = p_order_id AND version = p_version AND kind = p_kind;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    claimed := false;
    busy := false;
    IF task.state = 'pending' AND task.available_at <= p_at THEN
        FOR free_slot IN
            SELECT number FROM generate_series(1, p_slots) AS number
            WHERE number NOT IN (
                SELECT slot FROM order_tasks WHERE kind = ANY (p_kinds) AND slot IS NOT NULL AND available_at > p_at)
            ORDER BY random()
        LOOP
            CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtext('slot of ' || p_service), free_slot);
            -- The slot may have been taken between the list of free ones and the lock.
            UPDATE order_tasks
            SET attempts = attempts + 1, claims = claims + 1, available_at = p_at + p_lease, slot = free_slot
            WHERE order_id = p_order_id AND version = p_version AND kind = p_kind
              AND state = 'pending' AND available_at <= p_at
              AND NOT EXISTS (
                SELECT FROM order_tasks AS other
                WHERE other.kind = ANY (p_kinds) AND other.slot = free_slot AND other.available_at > p_at)
            RETURNING * INTO task;
            claimed := FOUND;
            EXIT WHEN claimed;
        END LOOP;
        IF NOT claimed THEN
            -- Either the service is busy, or another worker has claimed the task meanwhile.
            UPDATE order_tasks SET sent_at = p_at + least(p_busy_delay, p_at - available_at)
            WHERE order_id = p_order_id AND version = p_version AND kind = p_kind
              AND state = 'pending' AND available_at <= p_at;
            busy := FOUND;
            SELECT * INTO task FROM order_tasks WHERE order_id = p_order_id AND version = p_version AND kind = p_kind;
        END IF;
    END IF;
    template := task.template;
    state := task.state;
    attempts := task.attempts;
    claims := task.claims;
    available_at := task.available_at;
    SELECT * INTO stored FROM orders WHERE id = p_order_id;
    IF p_kind IN ('refund_payment', 'cancel_shipment') THEN
        prior_calls := (
            SELECT json_object_agg(kind, json_build_object('state', state, 'claims', claims, 'reference', reference))
            FROM order_tasks WHERE order_id = p_order_id AND kind IN ('charge_payment', 'create_shipment'));
    ELSIF p_kind = 'check_payment' THEN
        enqueued_at := (SELECT occurred_at FROM order_events WHERE order_id = p_order_id AND version = p_version);
    ELSIF p_kind IN ('commit_stock', 'create_shipment', 'mark_cart_ordered') THEN
        lines := (
            SELECT json_agg(json_build_array(product_id, quantity, name) ORDER BY line_no)
            FROM order_items WHERE order_id = p_order_id);
    END IF;
    -- After the claim: update_order_1, which changes the address until then, locks the same task.
    IF p_kind IN ('charge_payment', 'create_shipment') THEN
        details := (SELECT to_json(detail) FROM order_details AS detail WHERE order_id = p_order_id);
    END IF;
    RETURN NEXT;
END $$;
