-- List the events after a position of the feed, the first first: of some types (NULL for all), and of one order if one is
-- given. Events that have no position yet are given one first, at most p_sequenced of them.
--
-- There are at most p_limit events, with at most p_max_lines lines of orders, but at least one event if there is any. To
-- find events of some types, at most p_scanned positions are read.
--
-- `next_position` is where the next page begins: nothing between p_after and it is left out. `last_position` is the end of
-- the feed. `events` is an array of [position, event as read_event_1 reads it]; NULL if there is none.
CREATE OR REPLACE FUNCTION list_events_1(
    p_after bigint, p_types text[], p_order_id uuid, p_limit integer, p_max_lines integer, p_scanned integer,
    p_sequenced integer)
RETURNS TABLE (next_position bigint, last_position bigint, events json)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    candidates bigint[];
    page record;
BEGIN
    PERFORM sequence_events_1(p_sequenced);
    last_position := coalesce((SELECT max(position) FROM event_feed), 0);
    IF p_order_id IS NOT NULL THEN
        next_position := last_position;
        -- OFFSET 0 keeps the planner from walking the positions in search of the order.
        candidates := ARRAY(
            SELECT position FROM (
                SELECT position, version FROM event_feed WHERE order_id = p_order_id OFFSET 0
            ) AS of_order
            WHERE position > p_after AND position <= last_position
              AND (p_types IS NULL OR EXISTS (
                SELECT FROM order_events AS happened
                WHERE happened.order_id = p_order_id AND happened.version = of_order.version
                  AND event = ANY (p_types)))
            ORDER BY position);
    ELSIF p_types IS NULL THEN
        next_position := greatest(p_after, least(last_position, p_after + p_limit));
        candidates := ARRAY(SELECT generate_series(p_after + 1, next_position));
    ELSE
        next_position := greatest(p_after, least(last_position, p_after + p_scanned));
        candidates := ARRAY(
            SELECT position FROM event_feed, LATERAL (
                SELECT event FROM order_events AS happened
                WHERE happened.order_id = event_feed.order_id AND happened.version = event_feed.version
                LIMIT 1
            ) AS happened
            WHERE position > p_after AND position <= next_position AND event = ANY (p_types)
            ORDER BY position LIMIT p_limit + 1);
    END IF;
    SELECT array_agg(position ORDER BY position) AS positions, array_agg(order_id ORDER BY position) AS order_ids,
        array_agg(version ORDER BY position) AS versions
    INTO page
    FROM (
        SELECT feed.*, row_number() OVER places AS place, sum(line_count) OVER places AS lines
        FROM unnest(candidates[:p_limit]) AS listed (position), LATERAL (
            SELECT * FROM event_feed WHERE event_feed.position = listed.position LIMIT 1
        ) AS feed, LATERAL (SELECT line_count FROM orders WHERE id = feed.order_id LIMIT 1) AS orders
        WINDOW places AS (ORDER BY feed.position)
    ) AS counted
    WHERE place = 1 OR lines <= p_max_lines;
    IF cardinality(page.positions) < cardinality(candidates) THEN
        next_position := page.positions[cardinality(page.positions)];
    END IF;
    events := (
        SELECT json_agg(json_build_array(position, read_event_1(order_id, version)) ORDER BY position)
        FROM unnest(page.positions, page.order_ids, page.versions) AS listed (position, order_id, version));
    RETURN NEXT;
END $$;
