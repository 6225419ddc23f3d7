"""Payees with money in the books and accounts at a provider, for tests of payouts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from licensing.four_eyes import SecondFactor
from licensing.ledger import rules as ledger
from licensing.ledger.operations import post
from licensing.ledger.queries import balance_of, trial_balance
from licensing.ledger.rules import AccountKey, Line
from licensing.payouts import accounts, operations
from licensing.payouts.models import PayeeAccount, Payout, PayoutRun
from licensing.payouts.rules.postings import PROVIDER, cash_at
from licensing.payouts.sending import advance_payout
from licensing.stripe_gateway import Gateway
from portal.demo.standin.server import StandIn
from tests.provider import Platform

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA, CLEO = ("party", "ana"), ("party", "cleo")
PROOF = SecondFactor("totp", NOW - timedelta(minutes=1))


@dataclass
class Purse:
    """A platform with its books; amounts are micro-units, payees (kind, ref).

    Without a platform there are the books alone.
    """

    platform: Platform | None = None

    @property
    def gateway(self) -> Gateway:
        """What speaks to the platform."""
        return self.platform.gateway

    @property
    def standin(self) -> StandIn:
        """Our stand-in, where the platform is there."""
        return self.platform.standin

    def earn(
        self, payee: tuple[str, str], micros: int, currency: str = "EUR", key: str = ""
    ) -> None:
        """Money in the books for a payee, out of the cash at the provider."""
        post(
            key=key or f"earned:{payee}:{currency}:{micros}",
            kind="royalties",
            postings=[
                Line(cash_at(PROVIDER, currency), ledger.DEBIT, micros),
                Line(AccountKey(ledger.PAYABLE, *payee, currency), ledger.CREDIT, micros),
            ],
            effective_at=NOW,
            now=NOW,
        )

    def owe_back(self, payee: tuple[str, str], micros: int) -> None:
        """A refund takes a part of what was earned."""
        post(
            key=f"refund:{payee}:{micros}",
            kind="refund",
            postings=[
                Line(AccountKey(ledger.PAYABLE, *payee, "EUR"), ledger.DEBIT, micros),
                Line(cash_at(PROVIDER, "EUR"), ledger.CREDIT, micros),
            ],
            effective_at=NOW,
            now=NOW,
        )

    def onboard(self, payee: tuple[str, str], *, bank_refuses: bool = False) -> str:
        """An account at the provider that may receive; its id there.

        At Stripe a person answers the questions, so there it is one that was opened before.
        """
        given = {"gateway": self.gateway, "now": NOW}
        if self.standin is None:
            id = self.platform.ready_account(bank_refuses=bank_refuses)
            self._knows(payee, id)
        else:
            id = accounts.open_payee_account(
                payee=payee, country="DE", actor=("user", "1"), **given
            ).provider_id
            self.standin.books.answer_questions(id, bank_refuses=bank_refuses)
        accounts.refresh_payee_account(provider_id=id, **given)
        return id

    def onboard_who_may_not_receive(self, payee: tuple[str, str]) -> str:
        """An account that we last saw able to receive, and that the provider has as unable."""
        return self._knows(payee, self.platform.unready_account())

    def _knows(self, payee: tuple[str, str], id: str) -> str:
        PayeeAccount.objects.create(
            payee_kind=payee[0], payee_ref=payee[1], provider_id=id, country="DE",
            can_receive=True, opened_at=NOW, seen_at=NOW,
        )  # fmt: skip
        return id

    def run(self, currency: str = "EUR") -> PayoutRun:
        """A run opened by one person and approved by another."""
        run = operations.open_payout_run(currency=currency, opened_by="maker", now=NOW)
        given = {"approver": "checker", "proof": PROOF, "now": NOW}
        return operations.approve_payout_run(run_id=run.pk, **given)

    def approved(
        self,
        payee: tuple[str, str] = ANA,
        micros: int = 30_000_000,
        *,
        bank_refuses: bool = False,
    ) -> Payout:
        """One payout on its way, and money at the provider to send."""
        self.earn(payee, micros)
        self.onboard(payee, bank_refuses=bank_refuses)
        self.platform.fund(micros // 10_000)
        return self.run().payouts.get(account__payee_ref=payee[1])

    def advance(self, payout: Payout, at: datetime = NOW) -> Payout:
        """One look at the provider; the row afterwards."""
        advance_payout(payout_id=payout.pk, gateway=self.gateway, now=at)
        return Payout.objects.select_related("account", "entry").get(pk=payout.pk)

    def state(self, payee: tuple[str, str] = ANA) -> dict[str, int]:
        """Where a payee's money stands, in micro-units; zero balances are left out."""
        kinds = (ledger.PAYABLE, ledger.PAYOUT, ledger.TRANSIT)
        found = {kind: balance_of(AccountKey(kind, *payee, "EUR")) for kind in kinds}
        return {kind: micros for kind, micros in found.items() if micros}

    @property
    def cash(self) -> int:
        """Our balance at the provider, by our books."""
        return balance_of(cash_at(PROVIDER, "EUR"))


def only(payee: tuple[str, str]) -> Payout:
    """The one payout of a payee."""
    return Payout.objects.select_related("account", "entry").get(account__payee_ref=payee[1])


def books_balance() -> bool:
    """Whether debits equal credits in every currency."""
    return not any(trial_balance().differences().values())
