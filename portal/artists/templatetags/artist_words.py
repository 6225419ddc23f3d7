"""Filters that say numbers on pages, from portal.artists.words."""

from django import template

from licensing.catalog import identifiers
from portal.artists import words

register = template.Library()
register.filter("micros6", words.micros6)
register.filter("signed_cents", words.signed_cents)
register.filter("cents", words.cents)
register.filter("percent", words.percent)
register.filter("clock", words.clock)
register.filter("tempo", words.tempo)
register.filter("key_name", words.key_name)
register.filter("flowing", words.flowing)
register.filter("movement", words.movement)


@register.filter
def title_of(titles: dict[str, str], subject: tuple[str, str]) -> str:
    """What a variation that a line names is called."""
    return titles.get(subject[1], "")


@register.filter
def bar_percent(ppm: int) -> str:
    """Parts per million as an SVG width."""
    return f"{ppm / 10_000:.2f}%"


@register.filter
def isrc(code: str) -> str:
    """An ISRC as printed."""
    return identifiers.format_isrc(code) if code else ""


@register.filter
def iswc(code: str) -> str:
    """An ISWC as printed."""
    return identifiers.format_iswc(code) if code else ""
