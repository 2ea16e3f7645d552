-- Claim the tasks that publish some events, as claim_tasks_2 claims others; read each with its event either way, in the order
-- given.
--
-- The events are published in one call, so the tasks occupy one slot of their service together. Tasks that another worker
-- is claiming at the same moment are not claimed.
CREATE OR REPLACE FUNCTION claim_events_1(
    p_order_ids uuid[], p_versions integer[], p_kind text, p_at timestamptz, p_lease interval, p_service text,
    p_slots integer, p_busy_delay interval)
RETURNS TABLE (
    order_id uuid, version integer, state text, attempts integer, claims integer, available_at timestamptz,
    claimed boolean, busy boolean, event json)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    available integer[];
    first integer;
    candidate integer;
    free_slot integer;
BEGIN
    available := ARRAY(
        SELECT place FROM unnest(p_order_ids, p_versions) WITH ORDINALITY AS named (order_id, version, place)
        JOIN order_tasks AS task USING (order_id, version)
        WHERE kind = p_kind AND state = 'pending' AND available_at <= p_at
        ORDER BY order_id, version FOR UPDATE OF task SKIP LOCKED);
    IF available <> '{}' THEN
        first := floor(random() * p_slots);
        FOR candidate IN SELECT slot FROM free_slots_1(ARRAY[p_kind], p_slots, first, p_at) AS slot LOOP
            CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtext('slot of ' || p_service), candidate);
            -- The slot may have been taken between the list of free ones and the lock.
            CONTINUE WHEN EXISTS (
                SELECT FROM order_tasks WHERE kind = p_kind AND slot = candidate AND available_at > p_at);
            free_slot := candidate;
            EXIT;
        END LOOP;
        UPDATE order_tasks AS task
        SET attempts = CASE WHEN free_slot IS NULL THEN attempts ELSE attempts + 1 END,
            claims = CASE WHEN free_slot IS NULL THEN claims ELSE claims + 1 END,
            available_at = CASE WHEN free_slot IS NULL THEN available_at ELSE p_at + p_lease END,
            slot = coalesce(free_slot, slot),
            sent_at = CASE WHEN free_slot IS NULL THEN p_at + least(p_busy_delay, p_at - available_at) ELSE sent_at END
        FROM unnest(p_order_ids, p_versions) WITH ORDINALITY AS named (order_id, version, place)
        WHERE (task.order_id, task.version, task.kind) = (named.order_id, named.version, p_kind)
          AND place = ANY (available);
    END IF;
    RETURN QUERY
    SELECT task.order_id, task.version, task.state::text, task.attempts, task.claims, task.available_at,
        place = ANY (available) AND free_slot IS NOT NULL, place = ANY (available) AND free_slot IS NULL,
        read_event_1(task.order_id, task.version)
    FROM unnest(p_order_ids, p_versions) WITH ORDINALITY AS named (order_id, version, place)
    JOIN order_tasks AS task ON (task.order_id, task.version, task.kind) = (named.order_id, named.version, p_kind)
    ORDER BY place;
END $$;
