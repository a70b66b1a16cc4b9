"""The world: everybody in it, its ledger, and what is made known about the past while it goes on."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sandbox.world.accounts import Account
from sandbox.world.amendments import SCRIPT_CORRECTION, SCRIPT_DIVIDEND, SCRIPT_POLICY, Correction, LateVersion
from sandbox.world.ledger import Ledger
from sandbox.world.policy import PolicyVersion
from sandbox.world.registry import Registry, WorldOptions


class World(Registry):
    def __init__(self, options: WorldOptions | None = None) -> None:
        super().__init__(options or WorldOptions())
        self.revision = 0  # counts the changes: part of every cache key
        self.ledger = Ledger(self)
        for correction in (SCRIPT_CORRECTION, SCRIPT_DIVIDEND):
            if correction.account_number < self.options.accounts:
                self.corrections.append(self._named(correction))
        if SCRIPT_POLICY.account_number < self.options.accounts:
            self.late_versions.append(SCRIPT_POLICY)

    def correct(
        self, account_id: str, measure: str, amount: Decimal, day: date, known_at: datetime, symbol: str | None = None
    ) -> Correction:
        """Register a restatement (see Correction); without a symbol, the account's first stock bears it."""
        account = self._require(account_id)
        correction = self._named(Correction(account.number, measure, Decimal(amount), day, known_at, symbol))
        self.corrections.append(correction)
        self.revision += 1
        return correction

    def publish_policy(self, account_id: str, policy: PolicyVersion) -> None:
        """Register a policy version that appears at its `published_at`, perhaps effective from an earlier day."""
        account = self._require(account_id)
        if any(version.version == policy.version for version in self.versions(account)):
            raise ValueError(f"version {policy.version} exists, and a published version never changes")
        self.late_versions.append(LateVersion(account.number, policy))
        self._histories.pop(account.number, None)
        self.revision += 1

    def _require(self, account_id: str) -> Account:
        account = self.account(account_id)
        if account is None:
            raise KeyError(f"no account {account_id}")
        return account

    def _named(self, correction: Correction) -> Correction:
        if correction.symbol or correction.measure in ("interest_income", "fees_paid"):
            return correction
        return replace(correction, symbol=self.accounts[correction.account_number].stocks[0])
