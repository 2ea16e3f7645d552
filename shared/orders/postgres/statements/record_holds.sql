-- Insert, update, or (where the state is 'none') delete stock holds, and count the changes of their products; return the
-- products whose holds were written.
-- With only_orphans, holds that an order has adopted meanwhile are left as they are.
WITH given AS (
    SELECT * FROM json_to_recordset(%(holds)s)
        AS given (reservation_id uuid, product_id text, quantity integer, catalog_quantity bigint, state text)
), deleted AS (
    DELETE FROM stock_holds AS held USING given
    WHERE (held.reservation_id, held.product_id) = (given.reservation_id, given.product_id) AND given.state = 'none'
), counted AS (
    INSERT INTO catalog_changes AS made (product_id, changes) SELECT DISTINCT product_id, 1 FROM given
    ON CONFLICT (product_id) DO UPDATE SET changes = made.changes + 1
)
INSERT INTO stock_holds AS held (reservation_id, product_id, quantity, catalog_quantity, state, changed_at)
SELECT reservation_id, product_id, quantity, catalog_quantity, state, %(at)s FROM given WHERE state <> 'none'
ON CONFLICT (reservation_id, product_id) DO UPDATE
SET state = excluded.state, catalog_quantity = excluded.catalog_quantity, changed_at = excluded.changed_at
WHERE NOT %(only_orphans)s OR held.order_id IS NULL
RETURNING product_id
