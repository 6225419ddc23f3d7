"""What is put back is what was made."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from licensing.audit.models import Fact
from licensing.catalog.models import Party, Share, SplitSheet
from licensing.catalog.operations import create_party
from tests.kept_rows import made_once
from tests.licensing import stage as on


@contextmanager
def _nothing_stays() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _is_given(field: models.Field) -> bool:
    return isinstance(field, models.BigAutoField) or field.name == "transaction"


def _all_rows() -> dict[str, Counter[str]]:
    """The rows of every model by its name, without what the database numbers."""
    found = {}
    for model in apps.get_models():
        if model._meta.managed and model._meta.app_label in {"audit", "catalog", "clearance"}:
            names = [one.attname for one in model._meta.concrete_fields if not _is_given(one)]
            found[model.__name__] = Counter(map(repr, model.objects.values_list(*names)))
    return found


def _shares() -> Counter[tuple[object, ...]]:
    """Who is named by whom."""
    return Counter(SplitSheet.objects.values_list("recording_id", "shares__share_ppm"))


def test_what_is_put_back_reads_like_what_was_made(db: None) -> None:
    make = made_once(on.set_stage.__wrapped__)
    with _nothing_stays():
        made, rows = make(), _all_rows()
        shares = _shares()
    with _nothing_stays():
        again = make()
        assert again == made
        assert again.tide is not made.tide
        assert _all_rows() == rows
        assert _shares() == shares
    assert sum(rows["Fact"].values()) > 20


def test_facts_that_are_put_back_come_after_those_before_and_in_their_order(db: None) -> None:
    make = made_once(on.set_stage.__wrapped__)
    with _nothing_stays():
        make()
        verbs = list(Fact.objects.order_by("sequence").values_list("verb", flat=True))
    create_party(name="Earlier", actor=on.ACTOR, now=on.NOON)
    earlier = Fact.objects.get()
    make()
    later = Fact.objects.exclude(pk=earlier.pk).order_by("sequence")
    assert [one.verb for one in later] == verbs
    assert {one.transaction for one in later} == {earlier.transaction}
    assert later[0].sequence > earlier.sequence


@transaction.atomic
def _forget_all_parties() -> None:
    Party.objects.all()._raw_delete("default")
    transaction.get_connection().check_constraints()


def test_the_database_guards_what_was_put_back(db: None) -> None:
    make = made_once(on.set_stage.__wrapped__)
    with _nothing_stays():
        make()
    make()
    share = Share.objects.first()
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        Share.objects.filter(pk=share.pk).update(share_ppm=1)
    with pytest.raises(DatabaseError, match="foreign key"):
        _forget_all_parties()


def test_a_world_that_changes_what_stands_is_not_kept(db: None) -> None:
    create_party(name="Ana", actor=on.ACTOR, now=on.NOON)
    with pytest.raises(AssertionError):
        made_once(lambda: Party.objects.update(name="Bea"))()
