"""Daily roll-ups, with a mark for each day that has orders: the first fold fills them, and reports look beyond it until then."""

import agreements.models.agreement
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


# Of orders that came by a click whose record is still there.
REMEMBER_CLICKS = """
UPDATE tracking_order o
   SET sub1 = c.sub1, sub2 = c.sub2, sub3 = c.sub3, sub4 = c.sub4, sub5 = c.sub5, device = c.device
  FROM tracking_click c
 WHERE o.affiliate_id IS NOT NULL AND o.link_id IS NOT NULL AND length(o.click_id) = 76
   AND c.id = encode(substring(decode(translate(o.click_id, '-_', '+/'), 'base64') from 26 for 16), 'hex')::uuid
   AND c.link_id = o.link_id;
"""
MARK_ALL = """
INSERT INTO tracking_changedday (affiliate_id, day)
SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE COALESCE(
           (SELECT time_zone FROM agreements_agreement WHERE published_at IS NOT NULL LIMIT 1), 'UTC'))::date
  FROM tracking_order WHERE affiliate_id IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0001_initial'),
        ('tracking', '0002_clicks_by_month'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChangedDay',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('affiliate', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='affiliates.affiliate')),
                ('day', models.DateField()),
            ],
            options={
                'verbose_name': 'changed day',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ClickHorizon',
            fields=[
                ('id', models.SmallAutoField(primary_key=True, serialize=False)),
                ('transaction', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'horizon of clicks',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('affiliate_id', 'dimension', 'day', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('affiliate', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='affiliates.affiliate')),
                ('dimension', models.CharField(choices=[('total', 'total'), ('link', 'link'), ('sub1', 'sub-id 1'), ('sub2', 'sub-id 2'), ('sub3', 'sub-id 3'), ('sub4', 'sub-id 4'), ('sub5', 'sub-id 5'), ('category', 'category'), ('country', 'country'), ('device', 'device class')], max_length=8)),
                ('day', models.DateField()),
                ('value', models.CharField(max_length=100)),
                ('clicks', models.BigIntegerField(db_default=0, default=0)),
                ('orders', models.BigIntegerField(db_default=0, default=0)),
                ('clicked_orders', models.BigIntegerField(db_default=0, default=0)),
                ('sales', agreements.models.agreement.MoneyField(db_default=0, decimal_places=2, default=0, max_digits=14)),
                ('commission', agreements.models.agreement.MoneyField(db_default=0, decimal_places=2, default=0, max_digits=14)),
                ('clicked_commission', agreements.models.agreement.MoneyField(db_default=0, decimal_places=2, default=0, max_digits=14)),
            ],
            options={
                'verbose_name': 'daily roll-up',
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='order',
            name='device',
            field=models.CharField(max_length=7, null=True, verbose_name='device class'),
        ),
        migrations.AddField(
            model_name='order',
            name='sub1',
            field=models.CharField(max_length=100, null=True, verbose_name='sub-id 1'),
        ),
        migrations.AddField(
            model_name='order',
            name='sub2',
            field=models.CharField(max_length=100, null=True, verbose_name='sub-id 2'),
        ),
        migrations.AddField(
            model_name='order',
            name='sub3',
            field=models.CharField(max_length=100, null=True, verbose_name='sub-id 3'),
        ),
        migrations.AddField(
            model_name='order',
            name='sub4',
            field=models.CharField(max_length=100, null=True, verbose_name='sub-id 4'),
        ),
        migrations.AddField(
            model_name='order',
            name='sub5',
            field=models.CharField(max_length=100, null=True, verbose_name='sub-id 5'),
        ),
        migrations.RunSQL(REMEMBER_CLICKS, migrations.RunSQL.noop),
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='order',
            trigger=pgtrigger.compiler.Trigger(name='mark_inserted', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            INSERT INTO tracking_changedday (affiliate_id, day)\n            SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE COALESCE((SELECT time_zone FROM agreements_agreement WHERE published_at IS NOT NULL LIMIT 1), 'UTC'))::date\n              FROM (SELECT affiliate_id, placed_at FROM new_rows) AS touched WHERE affiliate_id IS NOT NULL;\n            RETURN NULL;\n        ", hash='6292d10f4e8f45235e482c126459eac492403894', level='STATEMENT', operation='INSERT', pgid='pgtrigger_mark_inserted_17732', referencing='REFERENCING NEW TABLE AS new_rows ', table='tracking_order', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='order',
            trigger=pgtrigger.compiler.Trigger(name='mark_updated', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            INSERT INTO tracking_changedday (affiliate_id, day)\n            SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE COALESCE((SELECT time_zone FROM agreements_agreement WHERE published_at IS NOT NULL LIMIT 1), 'UTC'))::date\n              FROM (SELECT affiliate_id, placed_at FROM old_rows UNION ALL SELECT affiliate_id, placed_at FROM new_rows) AS touched WHERE affiliate_id IS NOT NULL;\n            RETURN NULL;\n        ", hash='aea4e803f3eb33c798a596eb31d468cfb1fa047b', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_mark_updated_10333', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='tracking_order', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='order',
            trigger=pgtrigger.compiler.Trigger(name='mark_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            INSERT INTO tracking_changedday (affiliate_id, day)\n            SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE COALESCE((SELECT time_zone FROM agreements_agreement WHERE published_at IS NOT NULL LIMIT 1), 'UTC'))::date\n              FROM (SELECT affiliate_id, placed_at FROM old_rows) AS touched WHERE affiliate_id IS NOT NULL;\n            RETURN NULL;\n        ", hash='540b9e09c3007f7e7b8bf4804a0bfe2c7469aec1', level='STATEMENT', operation='DELETE', pgid='pgtrigger_mark_deleted_d8a6a', referencing='REFERENCING OLD TABLE AS old_rows ', table='tracking_order', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='clickhorizon',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='one_click_horizon'),
        ),
        migrations.AddIndex(
            model_name='changedday',
            index=models.Index(fields=['affiliate', 'day'], name='tracking_ch_affilia_0a1659_idx'),
        ),
        migrations.AddIndex(
            model_name='rollup',
            index=models.Index(fields=['dimension', 'day'], name='tracking_ro_dimensi_9b130b_idx'),
        ),
        migrations.RunSQL(MARK_ALL, migrations.RunSQL.noop),
    ]
