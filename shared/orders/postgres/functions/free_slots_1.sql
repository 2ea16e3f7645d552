-- List the slots of a service that no claimed task occupies, from the one after p_first on and around, so that concurrent claims
-- that begin at random ones seldom try the same. p_kinds are the kinds of the service's tasks.
--
-- A slot may be taken after it was listed: lock it, and look again.
CREATE OR REPLACE FUNCTION free_slots_1(p_kinds text[], p_slots integer, p_first integer, p_at timestamptz)
RETURNS SETOF integer
LANGUAGE sql STABLE AS $$
    SELECT slot FROM (SELECT 1 + (p_first + place) % p_slots AS slot FROM generate_series(1, p_slots) AS place) AS every
    WHERE slot NOT IN (
        SELECT slot FROM order_tasks WHERE kind = ANY (p_kinds) AND slot IS NOT NULL AND available_at > p_at)
$$;
