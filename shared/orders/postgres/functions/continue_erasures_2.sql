-- Continue with the erasures that are due, at most p_customers of them and at most p_limit orders; return the erased
-- orders, as erase_orders_2 does. An erasure that was requested before p_settled is over when nothing of that customer is
-- left; until then, an order that was being placed when it was requested may still be stored. One that waits for live
-- orders is due again at p_next_at.
CREATE OR REPLACE FUNCTION continue_erasures_2(
    p_at timestamptz, p_settled timestamptz, p_next_at timestamptz, p_customers integer, p_limit integer, p_statuses text[],
    p_payment_statuses text[], p_shipping_statuses text[], p_task_kind text)
RETURNS jsonb LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    request erasures;
    erased jsonb := '[]';
    unerased record;
BEGIN
    FOR request IN
        SELECT * FROM erasures WHERE next_at <= p_at ORDER BY next_at LIMIT p_customers FOR UPDATE SKIP LOCKED
    LOOP
        erased := erased || erase_orders_2(
            request.customer_id, request.requested_at, p_limit - jsonb_array_length(erased), request.actor, p_at,
            p_task_kind)::jsonb;
        -- There may be more, and the erasure stays due.
        EXIT WHEN jsonb_array_length(erased) = p_limit;
        SELECT * INTO unerased
        FROM count_unerased_1(
            request.customer_id, request.requested_at, 1, p_statuses, p_payment_statuses, p_shipping_statuses);
        IF request.requested_at < p_settled AND unerased.ended + unerased.live = 0 THEN
            DELETE FROM erasures WHERE customer_id = request.customer_id;
        ELSE
            UPDATE erasures SET next_at = p_next_at WHERE customer_id = request.customer_id;
        END IF;
    END LOOP;
    RETURN erased;
END $$;
