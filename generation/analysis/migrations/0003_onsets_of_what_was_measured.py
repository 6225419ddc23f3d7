"""What was measured so far gives its onsets a row; the earliest measure of an audio is its first.

A measure that was replaced is gone, so the earliest that still stands counts, stems in the order of
their ids where two were taken at one moment.
"""

import hashlib
import struct

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Onsets = apps.get_model("analysis", "Onsets")
    FirstOnsets = apps.get_model("analysis", "FirstOnsets")
    StemMeasure = apps.get_model("analysis", "StemMeasure")
    measures = StemMeasure.objects.select_related("stem").order_by("measured_at", "stem_id")
    for measure in measures.iterator(chunk_size=200):
        places, rises = measure.data["onsets"], measure.data["onset_db"]
        data = struct.pack(f"<{len(places)}q{len(rises)}d", *places, *rises)
        sha256 = hashlib.sha256(data).hexdigest()
        Onsets.objects.get_or_create(
            sha256=sha256, defaults={"data": data, "kept_at": measure.measured_at}
        )
        StemMeasure.objects.filter(pk=measure.pk).update(onsets_id=sha256)
        if measure.stem.audio_id is not None:
            FirstOnsets.objects.get_or_create(
                audio_id=measure.stem.audio_id,
                defaults={"onsets_id": sha256, "measured_at": measure.measured_at},
            )


class Migration(migrations.Migration):
    dependencies = [("analysis", "0002_onsets")]

    operations = [migrations.RunPython(_keep, migrations.RunPython.noop)]
