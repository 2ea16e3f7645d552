-- Each statement has one index that it reads in order, and no plan may depend on the planner's statistics: without them, as in a
-- new database and after a restore, an index whose entries must be filtered and sorted looks as good.

DO $$
DECLARE
    role_name text;
    setting text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['orders_app', 'orders_reader'] LOOP
        -- Up to PostgreSQL 17, a plan that must sort costs so much then that it would be compiled, which takes longer than it.
        FOREACH setting IN ARRAY ARRAY[
            'enable_seqscan', 'enable_bitmapscan', 'enable_sort', 'enable_incremental_sort', 'jit']
        LOOP
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = off', role_name, current_database(), setting);
        END LOOP;
    END LOOP;
END
$$;
