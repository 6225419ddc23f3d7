"""What waits of payees and what tax was kept of them, as a plain list beside what the books say.

Everything is of United States source or nothing is. Invariant of the books it is held against: the
tax of a payee is 30 % of the income that is left of each row, to the nearest micro-unit.
"""

from dataclasses import dataclass, field


def tax_on(us):
    """30 %, half of a micro-unit to the payee."""
    return (us * 3 + 4) // 10


@dataclass
class Wait:
    """An amount that waits on a payee's reserve; `us` of it is of US source."""

    name: str
    month: object
    why: str
    micros: int
    us: int


@dataclass
class Row:
    """Income that was taxed, what is left of it."""

    name: str
    month: object
    us: int


@dataclass
class Taxed:
    """Forms, waits and taxed income of everybody; the forms are all of 30 %."""

    forms: set = field(default_factory=set)
    waits: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def wait(self, name, month, why, micros, us):
        """Set something aside."""
        self.waits.append(Wait(name, month, why, micros, us))

    def let_in(self, name, month, us):
        """Income of US source passes: how much of it is not payable."""
        if us and name in self.forms:
            self.rows.append(Row(name, month, us))
            return tax_on(us)
        if us:
            self.wait(name, month, "TAX_FORM", us, us)
        return us

    def release(self):
        """All that may be released: what each wait makes payable."""
        free = [one for one in self.waits if one.why != "TAX_FORM" or one.name in self.forms]
        self.waits = [one for one in self.waits if not any(one is other for other in free)]
        return [(one.name, one.micros - self.let_in(one.name, one.month, one.us)) for one in free]

    def take_back(self, name, month, lost):
        """Income that went back: what is payable again for it, and how much waited or was taxed."""
        left, again = lost, 0
        mine = [one for one in self.waits if one.name == name and one.us]
        for one in sorted(mine, key=lambda one: (one.month is None, one.why != "TAX_FORM")):
            if one.month in (month, None):
                part = min(left, one.us)
                one.us -= part
                one.micros -= part
                left, again = left - part, again + part
        taxed = [row for row in self.rows if row.name == name and row.month in (month, None)]
        for row in sorted(taxed, key=lambda row: row.month is None):
            part = min(left, row.us)
            again += tax_on(row.us) - tax_on(row.us - part)
            row.us -= part
            left -= part
        self.waits = [one for one in self.waits if one.micros]
        return again, lost - left

    def kept(self):
        """What waits of each."""
        sums = {}
        for one in self.waits:
            sums[one.name] = sums.get(one.name, 0) + one.micros
        return sums

    def tax(self):
        """All tax that is owed."""
        return sum(tax_on(row.us) for row in self.rows)

    def basis(self):
        """(income, tax) of everybody of whom any was ever taxed."""
        sums = {}
        for row in self.rows:
            us, tax = sums.get(row.name, (0, 0))
            sums[row.name] = (us + row.us, tax + tax_on(row.us))
        return sums
