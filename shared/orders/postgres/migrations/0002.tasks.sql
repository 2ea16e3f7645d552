-- What carrying out tasks needs to know about each of them.

ALTER TABLE order_tasks ADD COLUMN reference text, ADD COLUMN sent_at timestamptz;
COMMENT ON COLUMN order_tasks.available_at IS
    'When it may be claimed: at once, after its lease while it is worked on, after a pause when it failed.';
COMMENT ON COLUMN order_tasks.reference IS 'The service''s own name for what was done, such as the id of a charge.';
COMMENT ON COLUMN order_tasks.sent_at IS 'When the relay put it on its queue again.';

ALTER TABLE stock_holds DROP CONSTRAINT stock_holds_state_check;
ALTER TABLE stock_holds ADD CONSTRAINT stock_holds_state_check
    CHECK (state IN ('taking', 'taken', 'sold', 'returning'));
DROP INDEX stock_holds_unsettled;
CREATE INDEX stock_holds_unsettled ON stock_holds (product_id) WHERE state IN ('taking', 'returning');
CREATE INDEX stock_holds_unsold ON stock_holds (changed_at) WHERE state <> 'sold';
