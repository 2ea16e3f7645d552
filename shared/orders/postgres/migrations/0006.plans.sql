-- Each statement has one index that it reads in order, and no plan may depend on the planner's statistics: without them, as in a
-- new database and after a restore, an index whose entries must be filtered and sorted looks as good.

DO $$
DECLARE
    role_name text;
    plan text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['orders_app', 'orders_reader'] LOOP
        FOREACH plan IN ARRAY ARRAY['seqscan', 'bitmapscan', 'sort', 'incremental_sort'] LOOP
            EXECUTE format(
                'ALTER ROLE %I IN DATABASE %I SET %I = off', role_name, current_database(), 'enable_' || plan);
        END LOOP;
    END LOOP;
END
$$;
