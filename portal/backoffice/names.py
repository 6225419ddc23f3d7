"""Who or what the references of a row mean, by name: looked up for a whole page at once.

The rooms below name owners, payees, payers and logins by kind and id; people know names. Invariant:
the number of queries depends on the kinds on a page, never on its rows. What is not known by name
is shown as it stands.
"""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from django.db import models
from django.db.models import Q

from generation.variations.models import Variation
from licensing.catalog.models import Party, Recording, Stem
from licensing.catalog.queries import is_uuid
from licensing.deductions.models import Advance, Dispute
from portal.accounts.models import User
from portal.partners.models import Client

Ref = tuple[str, str]
"""(kind in small letters, reference)."""

_NAMED: dict[str, tuple[type[models.Model], str, tuple[str, ...]]] = {
    "party": (Party, "{}", ("name",)),
    "client": (Client, "{}", ("name",)),
    "stem": (Stem, "{} of {}", ("label", "recording__title")),
    "recording": (Recording, "{}", ("title",)),
    "variation": (Variation, "{}", ("title",)),
    "agreement": (Advance, "{}", ("agreement",)),
    "dispute": (Dispute, "contested by {}", ("claimant",)),
}
"""What a reference of a kind names, how it is said, and the columns that people know it by."""
_SEARCHED = (Party, Client)
_FOUND = 200
# A society or a person who administers, not a login; and listeners stay out of the desk's pages.
_NO_REFERENCES = {"administered_by", "listener_ref"}
_KEPT = "_names_of_references"


def look_up(refs: Iterable[Ref]) -> dict[Ref, str]:
    """Names by reference, one query for each kind; what has none is left out."""
    by_kind: dict[str, set[str]] = {}
    for kind, ref in refs:
        if is_uuid(ref):
            by_kind.setdefault(kind, set()).add(ref)
    found: dict[Ref, str] = {}
    for kind, ids in by_kind.items():
        if kind == "user":
            found |= {(kind, str(row.pk)): str(row) for row in User.objects.filter(pk__in=ids)}
        elif kind == "record":
            titles = Variation.objects.filter(record_id__in=map(UUID, ids)).values_list(
                "record_id", "title"
            )
            found |= {(kind, str(pk)): title for pk, title in titles}
        elif kind in _NAMED:
            model, saying, known_by = _NAMED[kind]
            rows = model._default_manager.filter(pk__in=ids).values_list("pk", *known_by)
            found |= {(kind, str(pk)): saying.format(*said) for pk, *said in rows}
    return found


@cache
def references_of(model: type[models.Model]) -> dict[str, str]:
    """The columns of a model that refer by text: each with the column of its kind, or "=kind"."""
    names = {field.name for field in model._meta.concrete_fields}
    found: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        name = field.name
        if not isinstance(field, models.CharField) or name in _NO_REFERENCES:
            continue
        kind = f"{name.removesuffix('_ref')}_kind"
        if name.endswith("_ref") and kind in names:
            found[name] = kind
        elif name in {"user_ref", "record_ref"}:
            found[name] = f"={name.removesuffix('_ref')}"
        elif name.endswith("_by"):
            found[name] = "=user"
    return found


def reference(row: models.Model, column: str) -> Ref:
    """What a column of a row refers to."""
    kind = references_of(type(row))[column]
    ref = str(getattr(row, column))
    named = kind[1:] if kind.startswith("=") else str(getattr(row, kind)).lower()
    # Some rooms write an actor down whole, "user:" and the id.
    return named, ref.removeprefix(f"{named}:")


def name_rows(rows: Iterable[models.Model]) -> None:
    """Look up, for all rows of a page at once, what they and the rows they loaded refer to."""
    every: list[models.Model] = [row for one in rows for row in (one, *_loaded(one))]
    names = look_up(reference(row, name) for row in every for name in references_of(type(row)))
    for row in every:
        setattr(row, _KEPT, names)


def name_in(row: models.Model, column: str) -> str:
    """The name that a reference means; the reference itself where nobody has one."""
    ref = reference(row, column)
    return _names(row).get(ref, ref[1])


def said(row: models.Model) -> str:
    """A row in words, with names for its references; whose it is stands last if nowhere else."""
    text = str(row)
    names = _names(row)
    for column, kind in references_of(type(row)).items():
        ref = reference(row, column)
        if ref[1] and ref[1] in text:
            text = text.replace(ref[1], names.get(ref, ref[1]))
        elif not kind.startswith("=") and ref in names:
            text = f"{text}, {names[ref]}"
    return text


def refers_to(model: type[models.Model], text: str) -> Q:
    """Rows of a model whose references mean somebody with this text in the name."""
    wanted = Q(pk__in=[])
    columns = [name for name, kind in references_of(model).items() if not kind.startswith("=")]
    if not columns or not text:
        return wanted
    ids = [
        str(pk)
        for one in _SEARCHED
        for pk in one.objects.filter(name__icontains=text).values_list("pk", flat=True)[:_FOUND]
    ]
    for name in columns:
        wanted |= Q(**{f"{name}__in": ids})
    return wanted


def _names(row: models.Model) -> dict[Ref, str]:
    """What was looked up for the page; for a row that stands alone, now."""
    if not hasattr(row, _KEPT):
        name_rows([row])
    names: dict[Ref, str] = getattr(row, _KEPT)
    return names


def _loaded(row: models.Model) -> list[models.Model]:
    """The rows that were loaded with a row, as far as they refer to somebody."""
    cached = row._state.fields_cache.values()
    return [one for one in cached if isinstance(one, models.Model) and references_of(type(one))]
