-- Who may do what: functions that write log in as orders_app, functions that only read as orders_reader, and neither
-- owns anything. A later migration that makes a table grants what they need of it.

-- Roles belong to the server and not to the database: they may be there already, or come while this runs.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['orders_app', 'orders_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- Made by the migration of another database in the meantime.
        END;
        -- For this database only, so that another one's migration has nothing to wait for.
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = public', name, current_database());
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET lock_timeout = ''5s''', name, current_database());
        EXECUTE format(
            'ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = ''10s''', name, current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
        -- On RDS, whoever is a member of this role logs in with an IAM token.
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') AND NOT pg_has_role(name, 'rds_iam', 'MEMBER') THEN
            EXECUTE format('GRANT rds_iam TO %I', name);
        END IF;
    END LOOP;
    -- Below the time-outs of the functions, which are to answer that the database did not.
    EXECUTE format('ALTER ROLE orders_app IN DATABASE %I SET statement_timeout = ''8s''', current_database());
    EXECUTE format('ALTER ROLE orders_reader IN DATABASE %I SET statement_timeout = ''5s''', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO orders_app, orders_reader;

GRANT SELECT, INSERT, UPDATE ON orders TO orders_app;
GRANT SELECT, INSERT ON order_items, order_events TO orders_app;
GRANT SELECT, INSERT, UPDATE ON order_tasks TO orders_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, stock_holds TO orders_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON order_deltas, order_counts, order_minutes TO orders_app;

GRANT SELECT ON orders, order_items, order_events, order_tasks TO orders_reader;
GRANT SELECT ON order_deltas, order_counts, order_minutes TO orders_reader;
