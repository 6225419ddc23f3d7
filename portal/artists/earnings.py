"""Earnings pages: what came in by month and recording, and one line opened down to its plays.

Everything is read from frozen statements. Invariant: sums shown in cents add up in cents, and
nobody sees a listener's reference or another party's statement.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from generation.variations.queries import titles_of
from licensing.catalog.models import Party
from licensing.invoicing.waiting import waiting_plays_of
from licensing.royalties import queries
from licensing.royalties.explain import Explanation, explain_line
from licensing.royalties.held import held_plays_of
from licensing.royalties.models import PAID, UNPAID, Statement, StatementLine
from licensing.royalties.queries import Earnings, RecordingEarned, StatementView
from licensing.royalties.remaking import BooksDisagree, NotMadeAgain
from licensing.royalties.waterfall import waterfall_of
from licensing.royalties.what_if import beside_lines_of, what_if_of
from licensing.statements import recompute
from portal.accounts import access
from portal.artists import words
from portal.artists.disputes import disputes_of
from portal.artists.payouts import payouts_of
from portal.artists.pictures import Chart, Month, month_chart
from portal.artists.statement_files import file_of
from portal.artists.waterfall_picture import flow_of

NAV = {"here": "earnings", "nav_main": "partials/nav_artist.html"}
MONTHS_SHOWN = 13
POOLS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """A sum at the top of the page."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """A recording in one month, in cents that add up across the row and down the column."""

    earned: RecordingEarned
    master: str
    publishing: str
    amount: str


def _party(request: HttpRequest) -> tuple[list[Party], Party | None]:
    parties = list(access.parties_of(request.user))
    asked = request.GET.get("party")
    if asked is None:
        return parties, _first_paid(parties)
    chosen = next((party for party in parties if str(party.pk) == asked), None)
    if chosen is None:
        raise Http404
    return parties, chosen


def _first_paid(parties: list[Party]) -> Party | None:
    """The first party with a statement, so that money is not hidden behind an empty page."""
    refs = [str(one.pk) for one in parties]
    rows = Statement.objects.filter(payee_kind="party", payee_ref__in=refs)
    paid = set(rows.values_list("payee_ref", flat=True))
    return next((one for one in parties if str(one.pk) in paid), parties[0] if parties else None)


def _month(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Http404 from error


@login_required
@require_GET
def earnings(request: HttpRequest) -> HttpResponse:
    """Months, one month by recording and by line, and the other model."""
    parties, party = _party(request)
    facts: dict[str, Any] = {"parties": parties, "party": party, **NAV}
    if party is None:
        return render(request, "artists/earnings.html", facts)
    earned = queries.earnings_of(party.pk)
    asked = _month(request.GET.get("month"))
    newest = asked or (earned.months[0].month if earned.months else None)
    statement = queries.statement_for(party.pk, newest) if newest else None
    if asked and statement is None:
        raise Http404
    if statement is not None:
        facts |= _of_month(statement, earned)
    facts |= {
        "earned": earned,
        "payouts": payouts_of(party),
        "disputes": disputes_of(party),
        "held": held_plays_of(party.pk),
        "waiting": waiting_plays_of(party.pk),
        "today": timezone.now().date(),
        "may_connect": access.parties_of(request.user, "edit").filter(pk=party.pk).exists(),
        "figures": _figures(party, statement),
        "chart": _chart(earned, statement.currency if statement else "EUR"),
    }
    return render(request, "artists/earnings.html", facts)


def _of_month(statement: StatementView, earned: Earnings) -> dict[str, Any]:
    mine = [
        one
        for one in earned.recordings
        if (one.month, one.currency) == (statement.month, statement.currency)
    ]
    cells = words.whole_cents(
        [one.master_micros for one in mine] + [one.publishing_micros for one in mine]
    )
    master, publishing = cells[: len(mine)], cells[len(mine) :]
    return {
        "statement": statement,
        "recordings": [
            RecordingLine(
                one, *map(words.cents, (of_master, of_publishing, of_master + of_publishing))
            )
            for one, of_master, of_publishing in zip(mine, master, publishing, strict=True)
        ],
        "together": {
            "plays": sum(one.plays for one in mine),
            "variations": sum(one.variations for one in mine),
            "master": sum(master),
            "publishing": sum(publishing),
            "amount": sum(cells),
        },
        "lines": statement.lines,
        "titles": titles_of(line.subject[1] for line in statement.lines),
        "comparison": queries.model_comparison(statement.payee, statement.month),
        "beside_lines": beside_lines_of(statement.id),
        "flow": flow_of(waterfall_of(statement)),
    }


def _figures(party: Party, statement: StatementView | None) -> list[Figure]:
    today = timezone.now().date()
    plays = queries.plays_so_far(party.pk, today.replace(day=1))
    found = []
    if statement is not None:
        closed = f"{statement.currency}, closed on {statement.made_at.day} {statement.made_at:%B}"
        found = [
            Figure(f"{statement.month:%B} statement", words.cents(statement.earned_micros), closed),
            Figure(
                "On your account",
                words.cents(statement.closing_micros),
                f"{statement.currency}, after this statement",
            ),
        ]
    word = "play that counts" if plays == 1 else "plays that count"
    return [*found, Figure(f"{today:%B} so far", f"{plays:,}", f"{word}; still open")]


def _chart(earned: Earnings, currency: str) -> Chart | None:
    rows = [one for one in earned.months if one.currency == currency][:MONTHS_SHOWN]
    months = [
        Month(f"{one.month:%b}", f"{one.month:%b}"[0], one.amount_micros, one.other_model_micros)
        for one in reversed(rows)
    ]
    return month_chart(months, currency) if months else None


def _statement_for(request: HttpRequest, statement: Statement) -> Statement:
    """The statement itself when it is of one of the user's parties, else 404."""
    mine = {str(party.pk) for party in access.parties_of(request.user)}
    if statement.payee_kind != "party" or statement.payee_ref not in mine:
        raise Http404
    return statement


@login_required
@require_GET
def statement_file(request: HttpRequest, statement_id: UUID, ending: str) -> HttpResponse:
    """A statement as CSV, JSON or PDF; the same bytes whenever it is fetched.

    `?schema=3` gives the file as it was made before there was a newer schema.
    """
    row = Statement.objects.filter(pk=statement_id).first()
    if row is None:
        raise Http404
    _statement_for(request, row)
    return file_of(statement_id, ending, request.GET.get("schema"))


@login_required
@require_GET
def recompute_script(request: HttpRequest) -> HttpResponse:
    """The script that divides a statement's JSON again, for the artist's own computer."""
    script = Path(recompute.__file__).read_bytes()
    answer = HttpResponse(script, content_type="text/x-python; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="recompute.py"'
    return answer


@login_required
@require_GET
def statement_line(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """One line, to the cent: a page of its own, or in place on the earnings page."""
    row = StatementLine.objects.select_related("statement").filter(pk=line_id).first()
    if row is None or row.kind not in PAID + UNPAID:
        raise Http404
    _statement_for(request, row.statement)
    facts: dict[str, Any] = {"statement": queries.statement_of_line(line_id), **NAV}
    facts["what_if"] = what_if_of(line_id)
    try:
        explained = explain_line(line_id)
    except BooksDisagree as error:
        facts |= {"line": queries.line_view(row), "disagree": True}
        facts["is_of_plays"] = isinstance(error, NotMadeAgain)
    else:
        facts |= {"line": explained.line, "why": explained, "pools": explained.pools[:POOLS_SHOWN]}
        ref = explained.line.subject[1]
        facts["title"] = titles_of([ref]).get(ref, "")
        facts["more_pools"] = _more_pools(explained)
        facts["shares_unplayed"] = any(not pool.listener for pool in explained.pools)
        facts["other_sources"] = _other_sources(explained)
        facts["more_minutes"] = max(0, explained.line.plays - len(explained.usages))
    in_place = request.headers.get("HX-Request") == "true"
    whole = "partials/statement_line.html" if in_place else "artists/statement_line.html"
    return render(request, whole, facts)


def _other_sources(explained: Explanation) -> list[tuple[str, int]]:
    """The other stems of the sound with their amounts; those of the same recording by label."""
    own = f"{explained.line.recording_title}, "
    return [
        (part.name.removeprefix(own), part.amount_micros)
        for part in explained.sources
        if not part.is_this_line
    ]


def _more_pools(explained: Explanation) -> int:
    return max(0, len(explained.pools) - POOLS_SHOWN) + explained.pools_not_shown
