-- The feed: all events of all orders under positions from 1 without a gap, in an order that never changes.

CREATE TABLE event_feed (
    position bigint PRIMARY KEY,
    order_id uuid NOT NULL,
    version integer NOT NULL,
    -- Without a foreign key, which would write to each event that is given a position.
    UNIQUE (order_id, version)
);
COMMENT ON TABLE event_feed IS 'The position of each event, from 1 without a gap; sequence_events_1 assigns them.';

CREATE TABLE unsequenced_events (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    order_id uuid NOT NULL,
    version integer NOT NULL
);
COMMENT ON TABLE unsequenced_events IS
    'Events without a position. Rows are only inserted, so that orders that change at the same time never wait for each '
    'other; whoever reads the feed moves them into event_feed.';
COMMENT ON COLUMN unsequenced_events.id IS
    'Assigned while the order is locked: a later event of an order has a greater one.';

-- A trigger, and not the functions that append events: the feed also has those of code before this migration, and of
-- operators.
CREATE FUNCTION append_unsequenced_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO unsequenced_events (order_id, version) VALUES (NEW.order_id, NEW.version);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION append_unsequenced_event IS 'Have an event given a position in the feed.';

CREATE TRIGGER order_events_in_feed AFTER INSERT ON order_events
    FOR EACH ROW EXECUTE FUNCTION append_unsequenced_event();

-- Positions are assigned by sequence_events_1 only, which runs with the rights of its owner.
GRANT INSERT ON unsequenced_events TO orders_app;
GRANT SELECT ON event_feed, unsequenced_events TO orders_app, orders_reader;
