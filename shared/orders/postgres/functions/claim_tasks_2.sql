-- Claim some tasks for the length of the lease, each if it is pending and available and its service has a free slot; read
-- each with its order either way. Tasks that do not exist are missing.
--
-- A service has p_slots slots; p_siblings are the kinds of the tasks of each task's service, separated by commas. A claimed
-- task occupies a slot until it is finished or rescheduled, or its lease ends. Without a free slot the answer is `busy`, and
-- the caller sends the task again, after as long as it has been available, p_busy_delay at the most; until then the relay does
-- not send it.
--
-- Nothing here waits, so claims cannot block each other: a task that another transaction is changing is not claimed, and a
-- lock on one slot keeps concurrent claims from taking the same one.
--
-- Answers one JSON value for each task, as thirty columns would take longer to describe than a task takes to read. `place` is
-- that of the task among those given, from 1. `prior_calls`, `enqueued_at`, `lines` and `details` are NULL for tasks of kinds
-- that do not need them.
CREATE OR REPLACE FUNCTION claim_tasks_2(
    p_order_ids uuid[], p_versions integer[], p_kinds text[], p_services text[], p_siblings text[], p_at timestamptz,
    p_lease interval, p_slots integer, p_busy_delay interval)
RETURNS SETOF json
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    named record;
    task order_tasks;
    first integer;
    free_slot integer;
    claimed boolean;
    busy boolean;
    stored orders;
    prior_calls json;
    enqueued_at timestamptz;
    lines json;
    details json;
BEGIN
    FOR named IN
        SELECT order_id, version, kind, service, string_to_array(siblings, ',') AS siblings, place
        FROM unnest(p_order_ids, p_versions, p_kinds, p_services, p_siblings) WITH ORDINALITY
            AS task (order_id, version, kind, service, siblings, place)
    LOOP
        claimed := false;
        prior_calls := NULL;
        enqueued_at := NULL;
        lines := NULL;
        details := NULL;
        PERFORM FROM order_tasks
        WHERE order_id = named.order_id AND version = named.version AND kind = named.kind
          AND state = 'pending' AND available_at <= p_at
        FOR UPDATE SKIP LOCKED;
        busy := FOUND;
        IF busy THEN
            first := floor(random() * p_slots);
            FOR free_slot IN SELECT slot FROM free_slots_1(named.siblings, p_slots, first, p_at) AS slot LOOP
                CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtext('slot of ' || named.service), free_slot);
                -- The slot may have been taken between the list of free ones and the lock.
                UPDATE order_tasks
                SET attempts = attempts + 1, claims = claims + 1, available_at = p_at + p_lease, slot = free_slot
                WHERE order_id = named.order_id AND version = named.version AND kind = named.kind
                  AND NOT EXISTS (
                    SELECT FROM order_tasks AS other
                    WHERE other.kind = ANY (named.siblings) AND other.slot = free_slot AND other.available_at > p_at)
                RETURNING * INTO task;
                claimed := FOUND;
                EXIT WHEN claimed;
            END LOOP;
            busy := NOT claimed;
            IF busy THEN
                UPDATE order_tasks SET sent_at = p_at + least(p_busy_delay, p_at - available_at)
                WHERE order_id = named.order_id AND version = named.version AND kind = named.kind;
            END IF;
        END IF;
        IF NOT claimed THEN
            SELECT * INTO task FROM order_tasks
            WHERE order_id = named.order_id AND version = named.version AND kind = named.kind;
            CONTINUE WHEN NOT FOUND;
        END IF;
        SELECT * INTO stored FROM orders WHERE id = named.order_id;
        IF named.kind IN ('refund_payment', 'cancel_shipment') THEN
            prior_calls := (
                SELECT json_object_agg(
                    kind, json_build_object('state', state, 'claims', claims, 'reference', reference))
                FROM order_tasks
                WHERE order_id = named.order_id AND kind IN ('charge_payment', 'create_shipment'));
        ELSIF named.kind = 'check_payment' THEN
            enqueued_at := (
                SELECT occurred_at FROM order_events WHERE order_id = named.order_id AND version = named.version);
        ELSIF named.kind IN ('commit_stock', 'create_shipment', 'mark_cart_ordered') THEN
            lines := (
                SELECT json_agg(json_build_array(product_id, quantity, name) ORDER BY line_no)
                FROM order_items WHERE order_id = named.order_id);
        END IF;
        -- After the claim: update_order_2, which changes the address until then, locks the same task.
        IF named.kind IN ('charge_payment', 'create_shipment') THEN
            details := (SELECT to_json(detail) FROM order_details AS detail WHERE order_id = named.order_id);
        END IF;
        RETURN NEXT json_build_object(
            'place', named.place, 'claimed', claimed, 'busy', busy, 'template', task.template, 'state', task.state,
            'attempts', task.attempts, 'claims', task.claims, 'available_at', task.available_at, 'order', stored,
            'prior_calls', prior_calls, 'enqueued_at', enqueued_at, 'lines', lines, 'details', details);
    END LOOP;
END $$;
