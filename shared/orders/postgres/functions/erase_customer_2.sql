-- Record that a customer's personal data is to be erased, erase at most p_limit of the orders that have ended, and count
-- what is left, as count_unerased_1 does. The relay does the rest. A later request applies to later orders too.
-- `erased` is what erase_orders_2 returns.
CREATE OR REPLACE FUNCTION erase_customer_2(
    p_customer_id text, p_actor text, p_at timestamptz, p_limit integer, p_count_limit integer, p_statuses text[],
    p_payment_statuses text[], p_shipping_statuses text[], p_task_kind text)
RETURNS TABLE (erased json, remaining integer, live integer)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    latest erasures;
BEGIN
    INSERT INTO erasures AS known (customer_id, requested_at, actor, next_at)
    VALUES (p_customer_id, p_at, p_actor, p_at)
    ON CONFLICT (customer_id) DO UPDATE SET
        requested_at = greatest(known.requested_at, excluded.requested_at), actor = excluded.actor,
        next_at = excluded.next_at
    RETURNING * INTO latest;
    erased := erase_orders_2(p_customer_id, latest.requested_at, p_limit, p_actor, p_at, p_task_kind);
    SELECT counted.ended, counted.live INTO remaining, live
    FROM count_unerased_1(p_customer_id, latest.requested_at, p_count_limit, p_statuses, p_payment_statuses,
        p_shipping_statuses) AS counted;
    RETURN NEXT;
END $$;
