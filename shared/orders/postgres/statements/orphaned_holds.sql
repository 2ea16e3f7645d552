-- List the orders that were never stored but have held stock for too long, the oldest first.
SELECT order_id FROM stock_holds
WHERE state <> 'sold' AND changed_at < %(before)s
  AND NOT EXISTS (SELECT FROM orders WHERE orders.id = stock_holds.order_id)
GROUP BY order_id ORDER BY min(changed_at) LIMIT %(limit)s
