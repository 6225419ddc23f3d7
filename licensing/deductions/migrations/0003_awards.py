"""To whom a decision gives what was contested becomes rows, one per payee, instead of a list."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

TO_ROWS = """
INSERT INTO deductions_award (dispute_id, payee_kind, payee_ref, share_ppm)
SELECT dispute.id, award ->> 0, award ->> 1, SUM((award ->> 2)::integer)
FROM deductions_dispute dispute, jsonb_array_elements(dispute.awards) award
GROUP BY 1, 2, 3;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
TO_LISTS = """
ALTER TABLE deductions_dispute DISABLE TRIGGER guard_row;
UPDATE deductions_dispute SET awards = COALESCE(
    (SELECT jsonb_agg(jsonb_build_array(payee_kind, payee_ref, share_ppm) ORDER BY id)
     FROM deductions_award WHERE dispute_id = deductions_dispute.id), '[]')
WHERE proposed_at IS NOT NULL;
ALTER TABLE deductions_dispute ENABLE TRIGGER guard_row;
"""
DECIDED = dict(decided_at__isnull=False, proposed_at__isnull=False)
BY_TWO = (
    ~Q(decision="") & ~Q(decided_by="") & ~Q(proposed_by="") & ~Q(decided_by=F("proposed_by"))
)
NOT_YET = Q(decided_at__isnull=True, decided_by="")


class Migration(migrations.Migration):

    dependencies = [("deductions", "0002_decided_once"), ("audit", "0002_guards_see_our_tables")]

    operations = [
        migrations.CreateModel(
            name="Award",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payee_kind", models.CharField(max_length=20)),
                ("payee_ref", models.CharField(max_length=120)),
                ("share_ppm", models.PositiveIntegerField()),
                ("dispute", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="deductions.dispute")),
            ],
            options={
                "indexes": [models.Index(fields=["payee_kind", "payee_ref"], name="award_of_payee")],
                "constraints": [
                    models.UniqueConstraint(fields=("dispute", "payee_kind", "payee_ref"), name="award_once_a_payee"),
                    models.CheckConstraint(
                        condition=Q(share_ppm__gt=0, share_ppm__lte=1_000_000, payee_kind__in=("party", "society")),
                        name="award_is_sound",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TO_ROWS, TO_LISTS),
        migrations.RemoveConstraint(model_name="dispute", name="dispute_is_decided_by_two"),
        migrations.RemoveField(model_name="dispute", name="awards"),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=NOT_YET | (Q(**DECIDED) & BY_TWO), name="dispute_is_decided_by_two"
            ),
        ),
    ]
