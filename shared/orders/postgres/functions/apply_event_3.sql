-- Apply an event to an order, if a rule matches its state: new statuses, version, timeline, tasks and count deltas.
--
-- A rule is an entry of the parallel arrays: p_states (each "status/payment_status/shipping_status", the state that it
-- applies to) with the new statuses, the reason of a failure, and the tasks to enqueue, as "kind(template) kind …".
-- The row is locked before the rule is chosen: of two racing events the second one sees the result of the first.
--
-- An event is not applied if one with its event id was, or, where p_once is true, if one of its name was; that one is
-- the `earlier` one. The event shipment.updated applies only if it brings another tracking number, and
-- shipment.created to a shipment that is ready only if it brings the first one. A task that caused the event is done if
-- the event was applied, now or earlier, or if the state is one of p_holds, in which it already holds. Otherwise the event
-- contradicts the state, and the task stays as it is.
--
-- Answers NULL if there is no such order of that owner. `order` is the order as get_order_2 reads it if p_reads_order is true,
-- else only `stored` of that. `tasks` is that of the rule that was applied. One JSON value, because thirty columns take longer
-- to describe than an order takes to read.
CREATE OR REPLACE FUNCTION apply_event_3(
    p_id uuid, p_owner text, p_actor text, p_event text, p_at timestamptz, p_expected_versions integer[], p_event_id text,
    p_reason text, p_cancel_reason text, p_tracking_number text, p_task_version integer, p_task_kind text,
    p_reference text, p_states text[], p_statuses text[], p_payment_statuses text[], p_shipping_statuses text[],
    p_failure_reasons text[], p_tasks text[], p_holds text[], p_once boolean, p_reads_order boolean)
RETURNS json
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    stored orders;
    before orders;
    before_state text;
    earlier order_events;
    rule integer;
    applied boolean;
    tasks text;
BEGIN
    SELECT * INTO stored FROM orders
    WHERE id = p_id AND (p_owner IS NULL OR customer_id = p_owner)
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    before := stored;
    -- Nobody's words go into an order again after its personal data was erased.
    IF before.erased_at IS NOT NULL THEN
        p_reason := NULL;
        p_cancel_reason := NULL;
    END IF;
    before_state := concat_ws('/', before.status, before.payment_status, before.shipping_status);
    IF p_event_id IS NOT NULL OR p_once THEN
        SELECT * INTO earlier FROM order_events
        WHERE order_id = p_id AND (event_id = p_event_id OR (p_once AND event = p_event))
        LIMIT 1;
    END IF;
    rule := array_position(p_states, before_state);
    applied := rule IS NOT NULL AND earlier.event IS NULL
        AND (p_expected_versions IS NULL OR before.version = ANY (p_expected_versions))
        AND (p_event <> 'shipment.updated' OR p_tracking_number IS DISTINCT FROM before.tracking_number)
        AND (p_event <> 'shipment.created' OR before.shipping_status <> 'ready'
            OR (before.tracking_number IS NULL AND p_tracking_number IS NOT NULL));
    IF applied THEN
        PERFORM set_config('orders.appends_count_deltas', 'true', true);
        UPDATE orders
        SET status = p_statuses[rule],
            payment_status = p_payment_statuses[rule],
            shipping_status = p_shipping_statuses[rule],
            failure_reason = coalesce(p_failure_reasons[rule], failure_reason),
            cancel_reason = coalesce(p_cancel_reason, cancel_reason),
            -- That of a second shipment is not the order's.
            tracking_number = CASE
                WHEN p_shipping_statuses[rule] <> before.shipping_status OR p_event = 'shipment.updated'
                    OR before.shipping_status = 'ready'
                THEN coalesce(p_tracking_number, tracking_number) ELSE tracking_number END,
            version = version + 1,
            updated_at = p_at
        WHERE id = p_id
        RETURNING * INTO stored;
        INSERT INTO order_events (
            order_id, version, event, actor, status, payment_status, shipping_status, reason, tracking_number, event_id,
            occurred_at)
        VALUES (p_id, stored.version, p_event, p_actor, stored.status, stored.payment_status, stored.shipping_status,
            coalesce(p_reason, p_failure_reasons[rule]), p_tracking_number, p_event_id, p_at);
        tasks := p_tasks[rule];
        IF before.shipping_status = 'ready' AND p_event IN ('shipment.shipped', 'shipment.delivered')
            AND p_tracking_number <> before.tracking_number
        THEN
            -- Another parcel has left than the one that is ready, which must not leave, too.
            tasks := concat_ws(' ', nullif(tasks, ''), 'cancel_shipment');
        END IF;
        IF tasks <> '' THEN
            INSERT INTO order_tasks (order_id, version, kind, template, available_at)
            SELECT p_id, stored.version, split_part(task, '(', 1), nullif(rtrim(split_part(task, '(', 2), ')'), ''),
                p_at
            FROM string_to_table(tasks, ' ') AS task;
        END IF;
        IF before.status <> stored.status OR before.payment_status <> stored.payment_status
            OR before.shipping_status <> stored.shipping_status
        THEN
            INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
            VALUES
                (date_trunc('minute', before.created_at), before.currency,
                    before.status, before.payment_status, before.shipping_status, -1, -before.total),
                (date_trunc('minute', before.created_at), before.currency,
                    stored.status, stored.payment_status, stored.shipping_status, 1, before.total);
        END IF;
    END IF;
    IF p_task_kind IS NOT NULL AND (applied OR earlier.event IS NOT NULL OR before_state = ANY (p_holds)) THEN
        UPDATE order_tasks
        SET state = 'done', done_at = p_at, slot = NULL, reference = coalesce(p_reference, reference), last_error = NULL
        WHERE order_id = p_id AND version = p_task_version AND kind = p_task_kind AND state <> 'done';
    END IF;
    RETURN json_build_object(
        'order', CASE WHEN p_reads_order THEN get_order_2(p_id, p_owner, false)
            ELSE json_build_object('stored', stored) END,
        'tasks', tasks,
        'applied', applied,
        'earlier_event', earlier.event,
        'earlier_tracking_number', earlier.tracking_number);
END $$;
