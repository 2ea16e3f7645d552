-- List orders by id, and so by time: all, those of a customer, those in some states, or those with a product. Ids lie
-- between two others. NULL as customer, product or states admits any; a product is not combined with the others.
CREATE OR REPLACE FUNCTION list_orders_1(
    p_customer_id text, p_product_id text, p_statuses text[], p_payment_statuses text[], p_shipping_statuses text[],
    p_above uuid, p_below uuid, p_descending boolean, p_limit integer, p_offset integer)
RETURNS SETOF orders
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF p_product_id IS NOT NULL AND p_descending THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT DISTINCT ON (order_id) order_id FROM order_items
            WHERE product_id = p_product_id AND order_id > p_above AND order_id < p_below
            ORDER BY order_id DESC LIMIT p_limit OFFSET p_offset
        ) AS item CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = item.order_id LIMIT 1) AS orders
        ORDER BY orders.id DESC;
    ELSIF p_product_id IS NOT NULL THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT DISTINCT ON (order_id) order_id FROM order_items
            WHERE product_id = p_product_id AND order_id > p_above AND order_id < p_below
            ORDER BY order_id LIMIT p_limit OFFSET p_offset
        ) AS item CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = item.order_id LIMIT 1) AS orders
        ORDER BY orders.id;
    ELSIF p_statuses IS NOT NULL AND p_customer_id IS NOT NULL AND p_descending THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT entry.id
            FROM unnest(p_statuses, p_payment_statuses, p_shipping_statuses) AS state (a, b, c), LATERAL (
                SELECT id FROM orders
                WHERE (status, payment_status, shipping_status, customer_id, id) > (a, b, c, p_customer_id, p_above)
                  AND (status, payment_status, shipping_status, customer_id, id) < (a, b, c, p_customer_id, p_below)
                ORDER BY status DESC, payment_status DESC, shipping_status DESC, customer_id DESC, id DESC
                LIMIT p_limit + p_offset
            ) AS entry
            ORDER BY entry.id DESC LIMIT p_limit OFFSET p_offset
        ) AS listed CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = listed.id LIMIT 1) AS orders
        ORDER BY orders.id DESC;
    ELSIF p_statuses IS NOT NULL AND p_customer_id IS NOT NULL THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT entry.id
            FROM unnest(p_statuses, p_payment_statuses, p_shipping_statuses) AS state (a, b, c), LATERAL (
                SELECT id FROM orders
                WHERE (status, payment_status, shipping_status, customer_id, id) > (a, b, c, p_customer_id, p_above)
                  AND (status, payment_status, shipping_status, customer_id, id) < (a, b, c, p_customer_id, p_below)
                ORDER BY status, payment_status, shipping_status, customer_id, id
                LIMIT p_limit + p_offset
            ) AS entry
            ORDER BY entry.id LIMIT p_limit OFFSET p_offset
        ) AS listed CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = listed.id LIMIT 1) AS orders
        ORDER BY orders.id;
    ELSIF p_statuses IS NOT NULL AND p_descending THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT entry.id
            FROM unnest(p_statuses, p_payment_statuses, p_shipping_statuses) AS state (a, b, c), LATERAL (
                SELECT id FROM orders
                WHERE (status, payment_status, shipping_status, id) > (a, b, c, p_above)
                  AND (status, payment_status, shipping_status, id) < (a, b, c, p_below)
                ORDER BY status DESC, payment_status DESC, shipping_status DESC, id DESC
                LIMIT p_limit + p_offset
            ) AS entry
            ORDER BY entry.id DESC LIMIT p_limit OFFSET p_offset
        ) AS listed CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = listed.id LIMIT 1) AS orders
        ORDER BY orders.id DESC;
    ELSIF p_statuses IS NOT NULL THEN
        RETURN QUERY SELECT orders.* FROM (
            SELECT entry.id
            FROM unnest(p_statuses, p_payment_statuses, p_shipping_statuses) AS state (a, b, c), LATERAL (
                SELECT id FROM orders
                WHERE (status, payment_status, shipping_status, id) > (a, b, c, p_above)
                  AND (status, payment_status, shipping_status, id) < (a, b, c, p_below)
                ORDER BY status, payment_status, shipping_status, id
                LIMIT p_limit + p_offset
            ) AS entry
            ORDER BY entry.id LIMIT p_limit OFFSET p_offset
        ) AS listed CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = listed.id LIMIT 1) AS orders
        ORDER BY orders.id;
    ELSIF p_customer_id IS NOT NULL AND p_descending THEN
        RETURN QUERY SELECT * FROM orders
        WHERE (customer_id, id) > (p_customer_id, p_above) AND (customer_id, id) < (p_customer_id, p_below)
        ORDER BY customer_id DESC, id DESC LIMIT p_limit OFFSET p_offset;
    ELSIF p_customer_id IS NOT NULL THEN
        RETURN QUERY SELECT * FROM orders
        WHERE (customer_id, id) > (p_customer_id, p_above) AND (customer_id, id) < (p_customer_id, p_below)
        ORDER BY customer_id, id LIMIT p_limit OFFSET p_offset;
    ELSIF p_descending THEN
        RETURN QUERY SELECT * FROM orders WHERE id > p_above AND id < p_below
        ORDER BY id DESC LIMIT p_limit OFFSET p_offset;
    ELSE
        RETURN QUERY SELECT * FROM orders WHERE id > p_above AND id < p_below
        ORDER BY id LIMIT p_limit OFFSET p_offset;
    END IF;
END $$;
