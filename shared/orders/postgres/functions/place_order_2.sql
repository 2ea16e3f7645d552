-- Store an order with its lines, details, timeline, tasks and count delta, and complete its idempotency key.
--
-- Answers, if the order is stored, now or by an earlier run of the same call:
--   placed <number>
-- Otherwise nothing was stored, because the key stands for something else:
--   live <order> <reservation>    an order that has not ended
--   ended <order> <reservation>   an order that has ended
--   reused                        another request
--   refused <generation>          the reservations up to this generation were refused, and are being released
--   taken <generation> <reservation>    an expired key; its order has the reservation of this generation
--
-- p_max_unpaid bounds the unpaid orders of the customer, other than this one; NULL if nothing does. One more is an error
-- with SQLSTATE OR003.
--
-- A cart without a version, p_cart_version = '', is ordered once until it is marked as ordered: p_at is a time before the
-- cart was read. If the customer's latest order of their cart is still live, and the cart was not marked before p_at, what
-- was read may be in that order: an error with SQLSTATE OR002. Orders of such a cart are stored in the order of their ids, so
-- that only the latest has to be looked at.
--
-- Both rules need what other requests of the customer store at the same moment, so those orders are stored one after the
-- other, under a lock on the customer.
--
-- p_details has the columns of order_details but the first; NULL if the order needs no row there.
--
-- p_holds is the number of stock holds that the reservation has in this database, 0 if the inventory service keeps
-- them. Holds that are no longer there are an error with SQLSTATE OR001, which undoes everything.
CREATE OR REPLACE FUNCTION place_order_2(
    p_caller text, p_key text, p_request_hash bytea, p_generation integer, p_expires_at timestamptz,
    p_reservation_id uuid, p_holds integer, p_id uuid, p_customer_id text, p_customer_name text, p_customer_email text,
    p_currency text, p_total bigint, p_cart_version text, p_external_reference text, p_details json, p_actor text,
    p_at timestamptz, p_products text[], p_names text[], p_quantities integer[], p_unit_prices bigint[], p_kinds text[],
    p_templates text[], p_max_unpaid integer)
RETURNS text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    known idempotency_keys;
    known_order orders;
    adopted integer;
    latest orders;
    unpaid integer;
    order_number bigint;
BEGIN
    IF p_key IS NOT NULL THEN
        INSERT INTO idempotency_keys AS k (caller, key, request_hash, order_id, generation, expires_at)
        VALUES (p_caller, p_key, p_request_hash, p_id, p_generation, p_expires_at)
        ON CONFLICT (caller, key) DO UPDATE SET
            request_hash = excluded.request_hash, order_id = excluded.order_id,
            generation = excluded.generation, expires_at = excluded.expires_at
        WHERE k.order_id IS NULL AND k.generation < excluded.generation;
        IF NOT FOUND THEN
            -- The row is locked by the statement above, whether or not it was updated.
            SELECT * INTO known FROM idempotency_keys WHERE caller = p_caller AND key = p_key;
            IF known.order_id = p_id THEN
                RETURN (SELECT 'placed ' || number FROM orders WHERE id = p_id);
            ELSIF known.order_id IS NULL THEN
                RETURN 'refused ' || known.generation;
            END IF;
            SELECT * INTO known_order FROM orders WHERE id = known.order_id;
            IF known.expires_at > p_at OR known_order.status = 'pending' THEN
                IF known.request_hash <> p_request_hash THEN
                    RETURN 'reused';
                END IF;
                RETURN concat_ws(' ', CASE WHEN known_order.status IN ('cancelled', 'failed', 'returned')
                    THEN 'ended' ELSE 'live' END, known.order_id, known_order.reservation_id);
            ELSIF known.generation >= p_generation THEN
                RETURN concat_ws(' ', 'taken', known.generation, known_order.reservation_id);
            END IF;
            UPDATE idempotency_keys SET request_hash = p_request_hash, order_id = p_id, generation = p_generation,
                expires_at = p_expires_at
            WHERE caller = p_caller AND key = p_key;
        END IF;
    END IF;
    IF p_max_unpaid IS NOT NULL OR p_cart_version = '' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('orders of ' || p_customer_id, 0));
        -- Stored by the same statement, whose answer was lost.
        SELECT number INTO order_number FROM orders WHERE id = p_id;
        IF FOUND THEN
            RETURN 'placed ' || order_number;
        END IF;
    END IF;
    IF p_max_unpaid IS NOT NULL THEN
        -- Not counted further than the maximum. All columns of orders_by_state_customer are compared and sorted by, so that
        -- no other orders are read, whatever the planner's statistics are.
        SELECT count(*) INTO unpaid FROM (
            SELECT FROM unnest(ARRAY['pending', 'processing']) AS payment (state), LATERAL (
                SELECT FROM orders
                WHERE (status, payment_status, shipping_status, customer_id, id)
                    > ('pending', payment.state, 'pending', p_customer_id, '00000000-0000-0000-0000-000000000000'::uuid)
                  AND (status, payment_status, shipping_status, customer_id, id)
                    < ('pending', payment.state, 'pending', p_customer_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
                ORDER BY status, payment_status, shipping_status, customer_id, id
                LIMIT p_max_unpaid
            ) AS entry
            LIMIT p_max_unpaid) AS counted;
        IF unpaid >= p_max_unpaid THEN
            RAISE EXCEPTION USING ERRCODE = 'OR003', MESSAGE = 'the customer has too many unpaid orders';
        END IF;
    END IF;
    IF p_cart_version = '' THEN
        SELECT * INTO latest FROM orders WHERE customer_id = p_customer_id AND cart_version = '' ORDER BY id DESC LIMIT 1;
        IF latest.id > p_id OR (
            latest.id < p_id AND latest.status NOT IN ('cancelled', 'failed', 'returned') AND NOT EXISTS (
                SELECT FROM order_tasks
                WHERE order_id = latest.id AND version = 1 AND kind = 'mark_cart_ordered'
                  AND state = 'done' AND coalesce(done_at, '-infinity') < p_at))
        THEN
            RAISE EXCEPTION USING ERRCODE = 'OR002', MESSAGE = 'the cart has been ordered';
        END IF;
    END IF;
    PERFORM set_config('orders.appends_count_deltas', 'true', true);
    INSERT INTO orders (id, customer_id, customer_name, customer_email, status, payment_status, shipping_status,
        currency, total, line_count, cart_version, external_reference, reservation_id, version, created_at, updated_at)
    VALUES (p_id, p_customer_id, p_customer_name, p_customer_email, 'pending', 'pending', 'pending', p_currency,
        p_total, cardinality(p_products), p_cart_version, p_external_reference, p_reservation_id, 1, p_at, p_at)
    ON CONFLICT (id) DO NOTHING
    RETURNING number INTO order_number;
    IF NOT FOUND THEN
        RETURN (SELECT 'placed ' || number FROM orders WHERE id = p_id);
    END IF;
    IF p_holds > 0 THEN
        UPDATE stock_holds SET order_id = p_id
        WHERE reservation_id = p_reservation_id AND state = 'reserved' AND order_id IS NULL;
        GET DIAGNOSTICS adopted = ROW_COUNT;
        IF adopted <> p_holds THEN
            RAISE EXCEPTION USING ERRCODE = 'OR001', MESSAGE = 'the reservation was released';
        END IF;
    END IF;
    INSERT INTO order_items (order_id, line_no, product_id, name, quantity, unit_price)
    SELECT p_id, line_no, product_id, name, quantity, unit_price
    FROM unnest(p_products, p_names, p_quantities, p_unit_prices) WITH ORDINALITY
        AS line (product_id, name, quantity, unit_price, line_no);
    IF p_details IS NOT NULL THEN
        INSERT INTO order_details (order_id, adjustments, shipping_address, billing_address, shipping_method,
            payment_method, note, metadata)
        SELECT p_id, details.* FROM json_to_record(p_details) AS details (
            adjustments json, shipping_address json, billing_address json, shipping_method text, payment_method text,
            note text, metadata json);
    END IF;
    INSERT INTO order_events (order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
    VALUES (p_id, 1, 'order.placed', p_actor, 'pending', 'pending', 'pending', p_at);
    INSERT INTO order_tasks (order_id, version, kind, template, available_at)
    SELECT p_id, 1, kind, template, p_at FROM unnest(p_kinds, p_templates) AS task (kind, template);
    INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
    VALUES (date_trunc('minute', p_at), p_currency, 'pending', 'pending', 'pending', 1, p_total);
    RETURN 'placed ' || order_number;
END $$;
