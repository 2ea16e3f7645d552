-- Change fields of an order until its parcel is made: new values, version, and a row of the timeline with the names of the
-- fields that have changed.
--
-- p_changes has the new values by field: shipping_address, external_reference, note, metadata; null removes one. If all
-- of them hold already, or the event with p_event_id was applied before, the order is left as it is: `holds`.
--
-- The fields change in the states p_states only, and only while no worker has claimed the task that creates the shipment:
-- it may have sent the former address. The order is locked before that task. So a claim that comes first is seen here, and
-- one that comes later waits, and reads the new address.
--
-- p_task_kind is the kind of the task to enqueue; NULL for none.
--
-- `document` is the order as get_order_2 reads it. Answers no row if there is no such order of that owner.
CREATE OR REPLACE FUNCTION update_order_2(
    p_id uuid, p_owner text, p_actor text, p_event text, p_event_id text, p_at timestamptz,
    p_expected_versions integer[], p_states text[], p_changes json, p_task_kind text)
RETURNS TABLE (document json, applied boolean, holds boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    stored orders;
    detail order_details;
    before jsonb;
    changed text[];
BEGIN
    SELECT * INTO stored FROM orders
    WHERE id = p_id AND (p_owner IS NULL OR customer_id = p_owner)
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO detail FROM order_details WHERE order_id = p_id;
    before := jsonb_build_object(
        'shipping_address', detail.shipping_address, 'external_reference', stored.external_reference,
        'note', detail.note, 'metadata', detail.metadata);
    changed := ARRAY(SELECT key FROM json_each(p_changes) WHERE value::jsonb IS DISTINCT FROM before -> key);
    holds := changed = '{}' OR EXISTS (SELECT FROM order_events WHERE order_id = p_id AND event_id = p_event_id);
    applied := NOT holds
        AND (p_expected_versions IS NULL OR stored.version = ANY (p_expected_versions))
        AND concat_ws('/', stored.status, stored.payment_status, stored.shipping_status) = ANY (p_states);
    IF applied THEN
        PERFORM FROM order_tasks WHERE order_id = p_id AND kind = 'create_shipment' FOR UPDATE;
        applied := NOT EXISTS (
            SELECT FROM order_tasks WHERE order_id = p_id AND kind = 'create_shipment' AND claims > 0);
    END IF;
    IF applied THEN
        PERFORM set_config('orders.appends_count_deltas', 'true', true);
        UPDATE orders
        SET external_reference = CASE
                WHEN 'external_reference' = ANY (changed) THEN p_changes ->> 'external_reference'
                ELSE external_reference END,
            version = version + 1,
            updated_at = p_at
        WHERE id = p_id
        RETURNING * INTO stored;
        detail := json_populate_record(detail, p_changes);
        INSERT INTO order_details (order_id, shipping_address, note, metadata)
        VALUES (p_id, detail.shipping_address, detail.note, detail.metadata)
        ON CONFLICT (order_id) DO UPDATE SET
            shipping_address = excluded.shipping_address, note = excluded.note, metadata = excluded.metadata;
        INSERT INTO order_events (
            order_id, version, event, actor, status, payment_status, shipping_status, changed_fields, event_id,
            occurred_at)
        VALUES (p_id, stored.version, p_event, p_actor, stored.status, stored.payment_status, stored.shipping_status,
            changed, p_event_id, p_at);
        IF p_task_kind IS NOT NULL THEN
            INSERT INTO order_tasks (order_id, version, kind, available_at)
            VALUES (p_id, stored.version, p_task_kind, p_at);
        END IF;
    END IF;
    document := get_order_2(p_id, p_owner, false);
    RETURN NEXT;
END $$;
