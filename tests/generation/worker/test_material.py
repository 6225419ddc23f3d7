"""What the house may choose from is read together, however many recordings are cleared."""

import hashlib
from dataclasses import replace
from types import SimpleNamespace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation.worker.material import chosen_for, cleared_for, heard_in
from tests.studio import LISTENER, build_studio


def _asking():
    return SimpleNamespace(
        requester_kind=LISTENER[0],
        requester_ref=LISTENER[1],
        mode="mood",
        recordings=[],
        targets={"tempo_bpm": None, "key": None},
        seed=3,
        territory="DE",
        channel="SITE",
        by_taste=None,
    )


def _choose(asking):
    found = cleared_for(asking, timezone.now)
    heard_in(found)
    with CaptureQueriesContext(connection) as asked:
        chosen = chosen_for(found, heard_in(found), asking, vocals=True)
    return len(found), len(asked), chosen


def test_choosing_among_two_recordings_takes_as_many_queries_as_of_one(studio, material):
    recordings, once, chosen = _choose(_asking())
    assert (recordings, bool(chosen)) == (1, True)
    others = [hashlib.sha256(digest.encode()).hexdigest() for digest in material.digests]
    build_studio(replace(material, digests=others))
    assert _choose(_asking())[:2] == (2, once)
