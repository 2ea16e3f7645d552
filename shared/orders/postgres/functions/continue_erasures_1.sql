-- Continue with the erasures that are due, at most p_customers of them and at most p_limit orders; return how many orders
-- were erased. An erasure that was requested before p_settled is over when nothing of that customer is left; until then, an
-- order that was being placed when it was requested may still be stored. One that waits for live orders is due again at
-- p_next_at.
CREATE OR REPLACE FUNCTION continue_erasures_1(
    p_at timestamptz, p_settled timestamptz, p_next_at timestamptz, p_customers integer, p_limit integer, p_statuses text[],
    p_payment_statuses text[], p_shipping_statuses text[])
RETURNS integer LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    request erasures;
    erased integer := 0;
    unerased record;
BEGIN
    FOR request IN
        SELECT * FROM erasures WHERE next_at <= p_at ORDER BY next_at LIMIT p_customers FOR UPDATE SKIP LOCKED
    LOOP
        erased := erased
            + erase_orders_1(request.customer_id, request.requested_at, p_limit - erased, request.actor, p_at);
        -- There may be more, and the erasure stays due.
        EXIT WHEN erased = p_limit;
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
