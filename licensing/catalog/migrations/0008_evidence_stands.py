"""A document that a decision in a party's place rests on stands with it; documents only grow."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes
from licensing.audit.formerly import former

_BEFORE = former("catalog.0004_ended_versions_are_asked", "_GUARDS", "stand_in_stands")
_SAID = ("NEW.document, ", "OLD.document, ")


def _with_evidence(text: str) -> str:
    for one in _SAID:
        if text.count(one) != 1:
            raise LookupError(f"The text before does not say once: {one}")
        text = text.replace(one, one + one.replace("document", "evidence_sha256"))
    return text


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_how_it_was_given")]
    operations = [
        refuse_changes("catalog_evidence"),
        migrations.RunSQL(_with_evidence(_BEFORE), _BEFORE),
    ]
