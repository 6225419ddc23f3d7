"""How a signature was given, documents that a consent rests on; empty before it was asked."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_what_belongs_together_stays'),
    ]

    operations = [
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('kept_by', models.CharField(max_length=100)),
                ('kept_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'document',
            },
        ),
        migrations.AddField(
            model_name='signature',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='signature',
            name='source_hmac',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='signature',
            name='strength',
            field=models.CharField(blank=True, choices=[('', 'not recorded then'), ('SESSION', 'a session that had nothing to ask for'), ('ONE_FACTOR', 'one factor'), ('TWO_FACTORS', 'two factors'), ('PASSKEY', 'a passkey'), ('DESK', 'recorded at the desk'), ('COMMAND', 'by a command of the operator')], default='', max_length=12),
        ),
        migrations.AddField(
            model_name='standin',
            name='evidence_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='signature',
            name='locale',
            field=models.CharField(blank=True, default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='signature',
            name='method',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('strength__in', ['', 'SESSION', 'ONE_FACTOR', 'TWO_FACTORS', 'PASSKEY', 'DESK', 'COMMAND']), ('source_hmac__regex', '^([0-9a-f]{64})?$'), ('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='signature_given_as_known'),
        ),
        migrations.AddConstraint(
            model_name='standin',
            constraint=models.CheckConstraint(condition=models.Q(('evidence_sha256__regex', '^([0-9a-f]{64})?$')), name='stand_in_evidence_digest'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$'), ('size__gt', 0), models.Q(('kept_by', ''), _negated=True), models.Q(('title', ''), _negated=True)), name='evidence_is_of_somebody'),
        ),
    ]
