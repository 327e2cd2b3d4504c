"""Clicks get a table in parts, one a month, so that old ones go by dropping a table (CLICK_RETENTION_DAYS).

By hand, because Django knows no partitions. What a role without the right to make tables needs are functions of
the tables' owner (docs/operations.md, "Database roles").
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

import tracking.models.order

BY_MONTH = """
ALTER TABLE tracking_click RENAME TO tracking_click_before;
ALTER INDEX tracking_cl_link_id_98d013_idx RENAME TO tracking_click_before_link;

CREATE TABLE tracking_click (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    transaction bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    link_id uuid NOT NULL,
    kind varchar(10) NOT NULL DEFAULT 'counted',
    sub1 varchar(100) NOT NULL DEFAULT '',
    sub2 varchar(100) NOT NULL DEFAULT '',
    sub3 varchar(100) NOT NULL DEFAULT '',
    sub4 varchar(100) NOT NULL DEFAULT '',
    sub5 varchar(100) NOT NULL DEFAULT '',
    address varchar(45) NOT NULL DEFAULT '',
    user_agent varchar(300) NOT NULL DEFAULT '',
    referrer_host varchar(253) NOT NULL DEFAULT '',
    device varchar(7) NOT NULL DEFAULT 'other',
    CONSTRAINT tracking_click_by_month_pkey PRIMARY KEY (id, at),
    CONSTRAINT tracking_click_link FOREIGN KEY (link_id) REFERENCES tracking_link (id)
) PARTITION BY RANGE (at);
CREATE INDEX tracking_cl_link_id_98d013_idx ON tracking_click (link_id, at DESC);
CREATE INDEX clicks_as_written ON tracking_click USING brin (transaction, at)
    WITH (pages_per_range = 16, autosummarize = on);

-- What comes before or after every month that was made: no click is ever refused.
CREATE TABLE tracking_click_default PARTITION OF tracking_click DEFAULT;

CREATE FUNCTION make_month(parent regclass, month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
-- A part of `parent` for that month (UTC), with what the default part held of it. False where it is there already.
DECLARE
    part text := parent::text || to_char(month, '"_"YYYY"_"MM');
    rest text := parent::text || '_default';
    key text := (SELECT attname FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
                  WHERE partrelid = parent);
    begins timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    -- It runs with the owner's rights, and so would a trigger that somebody put on a table of their own.
    IF (SELECT relowner FROM pg_class WHERE oid = parent) <> current_user::regrole THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s is not a table of the owner', parent);
    END IF;
    -- Not against whoever writes: against whoever makes the same month at the same time.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', part, parent);
    EXECUTE format('WITH moved AS (DELETE FROM %s WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %s SELECT * FROM moved',
                   rest, key, begins, key, ends, part);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, part, begins, ends);
    RETURN true;
END $$;

CREATE FUNCTION drop_clicks_of(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC' > now() THEN
        RAISE 'the month % has not ended', month;
    END IF;
    EXECUTE 'DROP TABLE ' || quote_ident('tracking_click' || to_char(month, '"_"YYYY"_"MM'));
    RETURN true;
END $$;

SELECT make_month('tracking_click', month::date)
  FROM generate_series(
           date_trunc('month', least((SELECT min(at) FROM tracking_click_before), now()) AT TIME ZONE 'UTC'),
           date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months',
           interval '1 month') month;

INSERT INTO tracking_click (id, link_id, at, kind, sub1, sub2, sub3, sub4, sub5, address, user_agent, referrer_host, device)
SELECT id, link_id, at, kind, sub1, sub2, sub3, sub4, sub5, address, user_agent, referrer_host,
       CASE WHEN user_agent ~* 'ipad|tablet|kindle' OR (user_agent ~* 'android' AND user_agent !~* 'mobile') THEN 'tablet'
            WHEN user_agent ~* 'mobi|iphone|ipod|android' THEN 'mobile'
            WHEN user_agent ~* 'windows nt|macintosh|x11|cros' THEN 'desktop'
            ELSE 'other' END
  FROM tracking_click_before ORDER BY at;
DROP TABLE tracking_click_before;
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]

    operations = [
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(
            BY_MONTH,
            state_operations=[
                migrations.AddField(
                    model_name="click",
                    name="device",
                    field=models.CharField(
                        choices=[("mobile", "mobile"), ("tablet", "tablet"), ("desktop", "desktop"), ("other", "other")],
                        db_default="other",
                        default="other",
                        editable=False,
                        max_length=7,
                        verbose_name="device",
                    ),
                ),
                migrations.AddField(
                    model_name="click",
                    name="transaction",
                    field=models.BigIntegerField(db_default=tracking.models.order.CurrentTransaction(), editable=False),
                ),
                migrations.AddIndex(
                    model_name="click",
                    index=django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["transaction", "at"], name="clicks_as_written", pages_per_range=16
                    ),
                ),
            ],
        ),
    ]
