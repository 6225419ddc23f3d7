"""Mails about what waits for a login, and a switch for them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_membership'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='wants_mail',
            field=models.BooleanField(default=True),
        ),
        migrations.CreateModel(
            name='Mailed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mailed', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', 'at'], name='mailed_lately')],
                'constraints': [models.UniqueConstraint(fields=('user', 'ref'), name='mailed_once')],
            },
        ),
    ]
