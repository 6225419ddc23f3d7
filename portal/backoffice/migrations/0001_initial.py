"""What ran at night and how it ended."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='NightlyRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('duty', models.CharField(max_length=40)),
                ('night', models.DateField()),
                ('state', models.CharField(choices=[('RUNNING', 'running'), ('DONE', 'done'), ('FAILED', 'failed')], max_length=8)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('said', models.TextField(blank=True, default='')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('duty', 'night'), name='nightly_run_once'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'RUNNING')), models.Q(('ended_at__isnull', False), ('state__in', ['DONE', 'FAILED'])), _connector='OR'), name='nightly_run_ends')],
            },
        ),
    ]
