-- Give the next positions of the feed to at most p_limit events that have none; return how many got one.
--
-- Calls run one after the other, under a lock. Transactions that append events do not wait: an event of one that commits
-- late gets a later position than those that were visible before it. Positions are final when they are visible.
CREATE OR REPLACE FUNCTION sequence_events_1(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    latest bigint;
    sequenced integer;
BEGIN
    IF NOT EXISTS (SELECT FROM unsequenced_events) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('event_feed', 0));
    latest := coalesce((SELECT max(position) FROM event_feed), 0);
    WITH next AS (
        DELETE FROM unsequenced_events
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM unsequenced_events ORDER BY id LIMIT p_limit))
        RETURNING id, order_id, version
    )
    INSERT INTO event_feed (position, order_id, version)
    SELECT latest + row_number() OVER (ORDER BY id), order_id, version FROM next;
    GET DIAGNOSTICS sequenced = ROW_COUNT;
    RETURN sequenced;
END $$;
REVOKE EXECUTE ON FUNCTION sequence_events_1 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sequence_events_1 TO orders_app, orders_reader;
