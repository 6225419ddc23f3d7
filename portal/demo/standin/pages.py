"""The stand-in's own pages: where a payee is asked, a customer pays, and a card is changed.

What stands where Stripe's pages stand, plain enough for nobody to take them for those. Each page is
(status, HTML) of a token, and a press of one of its keys is where it leads then, or None.
"""

from html import escape

from portal.demo.standin import invoices
from portal.demo.standin.billing import DECLINED, GOOD
from portal.demo.standin.calls import Switchboard

GONE = (404, "This link is no longer good.")
CARDS = (("card", GOOD, "a card that pays"), ("card", DECLINED, "a card that is declined"))


def shown(board: Switchboard, path: str) -> tuple[int, str] | None:
    """The page at a path; None where none is ours."""
    room, _, token = path.strip("/").partition("/")
    if room == "onboarding":
        sentence = "Here Stripe asks a payee who they are and where their bank is."
        keys = [
            ("", "", "Answer everything"),
            ("bank", "refuses", "Answer everything, with a bank that will refuse"),
        ]
        return _page(path, sentence, keys) if token in board.links else GONE
    if room == "checkout":
        one = board.billing.objects.get(token)
        sentence = "Here Stripe asks a listener for a card and charges the first month."
        keys = [(name, value, f"Subscribe with {words}") for name, value, words in CARDS]
        return _page(path, sentence, keys) if one and one["status"] == "open" else GONE
    if room == "portal":
        sentence = "Here a listener puts in another card; what is owed is tried at once."
        keys = [(name, value, f"Put in {words}") for name, value, words in CARDS]
        return _page(path, sentence, keys) if token in board.billing.objects else GONE
    if room == "invoice":
        one = board.billing.objects.get(token)
        keys = [("", "", "Pay this invoice")]
        sentence = "Here Stripe lets a partner pay an invoice by card or transfer."
        return _page(path, sentence, keys) if one and one["status"] == "open" else GONE
    return None


def pressed(board: Switchboard, path: str, given: dict[str, str]) -> str | None:
    """Do what a key says; the address it leads to, None for a link that is no longer good."""
    room, _, token = path.strip("/").partition("/")
    if room == "onboarding":
        link = board.links.pop(token, None)
        if link is None:
            return None
        refuses = given.get("bank") == "refuses"
        board.books.answer_questions(link["account"], bank_refuses=refuses)
        return str(link["return_url"])
    one = board.billing.objects.get(token)
    card = given.get("card", GOOD)
    if one is None or (room in ("checkout", "invoice") and one["status"] != "open"):
        return None
    if room == "invoice":
        invoices.pay(board.billing, token, {})
        return path
    if room == "checkout":
        board.billing.pay_checkout(token, card)
        return board.billing.back_of(token)
    board.billing.put_card(one["customer"], card)
    return str(one["return_url"])


def _page(path: str, sentence: str, keys: list[tuple[str, str, str]]) -> tuple[int, str]:
    buttons = "".join(
        f"<p><button name='{escape(name)}' value='{escape(value)}'>{escape(words)}</button></p>"
        for name, value, words in keys
    )
    return 200, (
        '<!doctype html><html lang="en"><title>Stripe stand-in</title>'
        f"<h1>Stripe, played by a stand-in</h1><p>{escape(sentence)}</p>"
        f"<form method=post action='{escape(path)}'>{buttons}</form></html>"
    )
