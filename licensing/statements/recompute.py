"""Divides a royalty statement again, out of its JSON file alone, and says whether it adds up.

    python3 recompute.py statement-2026-10-EUR-v1.json

It needs Python 3.9 or newer and nothing else, and shares no code with the program that made the
statement. It ends with 0 when everything adds up, with 1 at the first number that does not (both
numbers are printed), with 2 when the file is no statement with workings.

Money is divided by largest remainder: everyone gets the whole micro-units (millionths) of the
exact part; those left over go one each to the largest fractions, of equal ones to the smaller
key. A total below zero is divided as if above, and turned around.

What it cannot check: which of a pool's recordings got its last micro-unit, since that would tell
what else a listener heard (it checks that it is at most one); and how many plays there were.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

AMOUNT = re.compile(r"(-?)(\d+)\.(\d{6})")
WHOLE = 1_000_000
PAID = ("EARNING", "ADJUSTMENT")
UNPAID = ("SELF", "UNFUNDED", "HELD", "UPHELD", "LATE")
PLACE = ("working", "source", "right", "share")
PLACED = ("working", "source", "share")
BESIDE_THE_HEAD = ("schema", "lines", "workings", "waterfall", "statement_sha256")
TAKEN = ("tax", "fee", "commission")
GOT = ("own", "others", "unallocated", "held", "unplayed")

Json = dict[str, Any]
Check = tuple[str, Any, Any]
"""(what, what the statement says, what it comes to)"""


def micros(text: str) -> int:
    """ "-1.234567" as -1234567."""
    found = AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"not an amount: {text!r}")
    whole = int(found[2] + found[3])
    return -whole if found[1] else whole


def amount(whole: int) -> str:
    """-1234567 as "-1.234567"."""
    digits = f"{abs(whole):07d}"
    return f"{'-' if whole < 0 else ''}{digits[:-6]}.{digits[-6:]}"


def divided(total: int, weights: list[tuple[Any, int]]) -> dict[Any, int]:
    """Parts of `total` by (key, weight), by largest remainder."""
    together = sum(weight for _, weight in weights)
    if together <= 0:
        raise ValueError("nobody to divide among")
    parts, fractions = {}, []
    for key, weight in weights:
        parts[key], rest = divmod(abs(total) * weight, together)
        fractions.append((-rest, key))
    left = abs(total) - sum(parts.values())
    for _, key in sorted(fractions)[:left]:
        parts[key] += 1
    return {key: -part if total < 0 else part for key, part in parts.items()}


def of_parts(what: str, total: int, parts: list[Json]) -> Iterator[Check]:
    """One division: weights are one million, and each part is what dividing gives."""
    yield f"{what}: ppm together", sum(part["ppm"] for part in parts), WHOLE
    yield f"{what}: different keys", len({part["key"] for part in parts}), len(parts)
    again = divided(total, [(part["key"], part["ppm"]) for part in parts])
    for part in parts:
        got = again[part["key"]]
        yield f"{what}: part {part['key']}", part["amount"], amount(got)
        quota = abs(total) * part["ppm"] // WHOLE
        rest = got + quota if total < 0 else got - quota
        yield f"{what}: remainder of part {part['key']}", part["remainder"], amount(rest)


def of_pools(working: Json, name: str) -> Iterator[Check]:
    """Each pool gave its plays' part, rounded down, and at most one micro-unit more."""
    together = 0
    for number, pool in enumerate(working["pools"], start=1):
        what, total, rest = f"{name}, pool {number}", micros(pool["pool"]), pool["remainder"]
        if not 0 <= pool["plays"] <= pool["plays_of_pool"]:
            yield f"{what}: plays of all its plays", pool["plays"], pool["plays_of_pool"]
        quota = abs(total) * pool["plays"] // max(1, pool["plays_of_pool"])
        sign = -1 if total < 0 else 1
        if micros(rest) * sign not in (0, 1):
            yield f"{what}: remainder", rest, "0.000000 or 0.000001"
        gave = sign * quota + micros(rest)
        yield f"{what}: amount", pool["amount"], amount(gave)
        together += gave * pool["count"]
    yield f"{name}: all pools together", working["amount"], amount(together)


def of_working(working: Json) -> Iterator[Check]:
    """One variation's sum: pools, sources, rights, sheets."""
    name = f"working {working['working']}"
    yield from of_pools(working, name)
    yield from of_parts(f"{name}, sources", micros(working["amount"]), working["sources"])
    sources = {part["key"]: part["amount"] for part in working["sources"]}
    rights = {}
    for division in working["rights"]:
        source = division["source"]
        what = f"{name}, rights of source {source}"
        yield from of_parts(what, micros(sources[source]), division["parts"])
        for part in division["parts"]:
            rights[source, part["key"]] = part["amount"]
    for sheet in working["sheets"]:
        of = (sheet["source"], sheet["right"])
        what = f"{name}, {sheet['right'] or 'sheet'} of source {sheet['source']}"
        yield from of_parts(what, micros(rights[of]), sheet["parts"])


def of_line(line: Json, workings: dict[int, Json]) -> Iterator[Check]:
    """A line of plays against the parts that it names; any other has no workings."""
    name = f"line {line['position']}"
    if line["kind"] in UNPAID:
        yield f"{name}: amount of plays that earn nothing", line["amount"], amount(0)
    if line["kind"] not in PAID:
        return
    working = workings[line["working"]]
    source = one(working["sources"], key=line["source"])
    rights = one(working["rights"], source=line["source"])
    right = one(rights["parts"], key=line["right"])
    sheet = one(working["sheets"], source=line["source"], right=line["right"])
    share = one(sheet["parts"], key=line["share"])
    plays = sum(
        pool["plays"] * pool["count"] for pool in working["pools"] if pool["basis"] != "FALLBACK"
    )
    yield f"{name}: variation", line["variation"], working["variation"]
    yield f"{name}: plays", line["plays"], plays
    yield f"{name}: source_ppm", line["source_ppm"], source["ppm"]
    yield f"{name}: source_amount", line["source_amount"], source["amount"]
    yield f"{name}: right_amount", line["right_amount"], right["amount"]
    yield f"{name}: share_ppm", line["share_ppm"], share["ppm"]
    yield f"{name}: amount", line["amount"], share["amount"]


def one(rows: list[Json], **wanted: Any) -> Json:
    """The one row with these values; raises ValueError where there is none or several."""
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    if len(found) != 1:
        raise ValueError(f"{len(found)} times {wanted}")
    return found[0]


def of_statement(content: Json) -> Iterator[Check]:
    """Everything, in the order in which money flows; the sums last."""
    for working in content["workings"]:
        yield from of_working(working)
    workings = {working["working"]: working for working in content["workings"]}
    lines = content["lines"]
    for place, line in enumerate(lines, start=1):
        yield f"position of line {place}", line["position"], place
        yield f"line {place}: currency", line["currency"], content["currency"]
        yield from of_line(line, workings)
    paid = [line for line in lines if line["kind"] in PAID]
    stands = {tuple(line[name] for name in PLACE) for line in paid}
    yield "lines of plays, each of a share of its own", len(paid), len(stands)
    earned = sum(micros(line["amount"]) for line in paid)
    moved = sum(micros(line["amount"]) for line in lines) - earned
    yield "earned: sum of the lines of plays", content["earned"], amount(earned)
    yield "moved: sum of all other lines", content["moved"], amount(moved)
    closing = micros(content["opening"]) + earned + moved
    yield "closing: opening + lines", content["closing"], amount(closing)
    if content["schema"] >= 3:
        yield from of_schema_3(content)
    if content["schema"] >= 4:
        yield from of_waterfall(content)


def of_schema_3(content: Json) -> Iterator[Check]:
    """What a play earned, what is paid of the closing balance, and the digest of all of it."""
    for line in content["lines"]:
        if line["kind"] in PAID and line["plays"]:
            total, plays = micros(line["amount"]), line["plays"]
            rate = (2 * abs(total) + plays) // (2 * plays)
            said = amount(-rate if total < 0 else rate)
            yield f"line {line['position']}: rate_per_play", line["rate_per_play"], said
    both = micros(content["payable"]) + micros(content["carried_forward"])
    yield "payable + carried forward", content["closing"], amount(both)
    head = {name: said for name, said in content.items() if name not in BESIDE_THE_HEAD}
    rows = [
        {name: said for name, said in line.items() if name not in PLACED}
        for line in content["lines"]
    ]
    digested = {"head": head, "lines": rows}
    if content["schema"] >= 4:
        digested["waterfall"] = content["waterfall"]
    text = json.dumps(digested, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    again = hashlib.sha256(text.encode()).hexdigest()
    yield "statement_sha256", content["statement_sha256"], again


def of_waterfall(content: Json) -> Iterator[Check]:
    """What was paid is what came off it and the pools; what is in the pools is who got it."""
    waterfall = content["waterfall"]
    for name in ("receipts", "given_back"):
        for row in waterfall[name]:
            parts = sum(micros(row[part]) for part in (*TAKEN, "pool"))
            what = f"waterfall, {name}, {row['kind']} {row['country']}: paid"
            yield what, row["paid"], amount(parts)
    for name in ("paid", *TAKEN):
        together = sum(micros(row[name]) for row in waterfall["receipts"])
        yield f"waterfall: {name}", waterfall[name], amount(together)
    received = micros(waterfall["paid"]) - sum(micros(waterfall[name]) for name in TAKEN)
    yield "waterfall: received", waterfall["received"], amount(received)
    pool = received + micros(waterfall["held_before"])
    yield "waterfall: pool", waterfall["pool"], amount(pool)
    got = sum(micros(waterfall[name]) for name in GOT)
    yield "waterfall: pool as it was divided", waterfall["pool"], amount(got)
    yield "waterfall: own is what was earned", waterfall["own"], content["earned"]


def main(arguments: list[str]) -> int:
    """Check one file; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python3 recompute.py STATEMENT.json\n")
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            content = json.load(file)
        if content["schema"] < 2:
            raise ValueError("it has no workings; fetch the statement again")
        wrong = next((check for check in of_statement(content) if check[1] != check[2]), None)
    except (OSError, KeyError, TypeError, ValueError) as error:
        sys.stderr.write(f"{arguments[0]} cannot be divided again: {error!r}\n")
        return 2
    if wrong is not None:
        what, said, comes_to = wrong
        sys.stdout.write(f"{what}: the statement says {said}, it comes to {comes_to}\n")
        return 1
    lines, workings = len(content["lines"]), len(content["workings"])
    sys.stdout.write(f"everything adds up: {lines} lines, {workings} workings\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
