"""How consent was given, by which rate cards, and whether taste chose; empty before it was asked."""


import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0007_how_it_was_given'),
        ('clearance', '0011_holders_who_agreed'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='approval',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='approval',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='approval',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='approval',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AddField(
            model_name='clearance',
            name='by_taste',
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='consentsignature',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='consentsignature',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='consentsignature',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='consentsignature',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AddField(
            model_name='grant',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='grant',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='grant',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='grant',
            name='royalty_terms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, null=True, size=None),
        ),
        migrations.AddField(
            model_name='grant',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='grant',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AddField(
            model_name='societyagreement',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='societyagreement',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='societyagreement',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='societyagreement',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='societyagreement',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AlterField(
            model_name='consentsignature',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='approval_given_as_known'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['APPROVED', 'DECLINED']), models.Q(('evidence_sha256', ''), ('locale', ''), ('method', ''), ('source_hmac', ''), ('strength', '')), _connector='OR'), name='approval_given_with_its_answer'),
        ),
        migrations.AddConstraint(
            model_name='consentsignature',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='consentsignature_given_as_known'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='grant_given_as_known'),
        ),
        migrations.AddConstraint(
            model_name='societyagreement',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='societyagreement_given_as_known'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='withdrawal_given_as_known'),
        ),
    ]
