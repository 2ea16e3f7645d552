-- Insert, update, or (where the state is 'none') delete stock holds.
WITH given AS (
    SELECT * FROM json_to_recordset(%(holds)s)
        AS given (order_id uuid, product_id text, quantity integer, catalog_quantity bigint, state text)
), deleted AS (
    DELETE FROM stock_holds AS held USING given
    WHERE (held.order_id, held.product_id) = (given.order_id, given.product_id) AND given.state = 'none'
)
INSERT INTO stock_holds (order_id, product_id, quantity, catalog_quantity, state, changed_at)
SELECT order_id, product_id, quantity, catalog_quantity, state, %(at)s FROM given WHERE state <> 'none'
ON CONFLICT (order_id, product_id) DO UPDATE
SET state = excluded.state, catalog_quantity = excluded.catalog_quantity, changed_at = excluded.changed_at
