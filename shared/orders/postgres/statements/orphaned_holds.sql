-- List the reservations that no order has adopted and that have been unchanged for too long, the oldest first.
SELECT reservation_id FROM stock_holds
WHERE order_id IS NULL AND changed_at < %(before)s
GROUP BY reservation_id ORDER BY min(changed_at) LIMIT %(limit)s
