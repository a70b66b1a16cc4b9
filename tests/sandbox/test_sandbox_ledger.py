"""The ledger's identities, to the last digit, on many days of many accounts; and that HTTP says what it says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from helpers.contract import Api

from sandbox.world.accounts import Account
from sandbox.world.amendments import SCRIPT_CORRECTION, SCRIPT_POLICY
from sandbox.world.clock import end_of_market_date
from sandbox.world.exact import times
from sandbox.world.facts import Pnl
from sandbox.world.policy import PolicyVersion, targets
from sandbox.world.registry import WorldOptions
from sandbox.world.world import World

DAYS = (
    date(2020, 2, 29),
    date(2021, 4, 6),
    date(2022, 1, 14),
    date(2022, 5, 13),
    date(2022, 6, 15),
    date(2022, 12, 28),
)


@pytest.fixture(scope="module")
def world() -> World:
    return World(WorldOptions(accounts=36))


def open_accounts(world: World) -> list[tuple[Account, date]]:
    return [(account, day) for day in DAYS for account in world.ledger.accounts(day)]


def money(pnl: Pnl) -> list[Decimal]:
    return [pnl.total, pnl.realized, pnl.unrealized, pnl.dividends, pnl.interest, pnl.fees, pnl.short_gains,
            pnl.short_losses, pnl.long_gains, pnl.long_losses]  # fmt: skip


def test_positions_are_consistent(world: World) -> None:
    for account, day in open_accounts(world):
        for row in world.ledger.positions(account.account_id, day):
            assert row.value == times(row.quantity, row.price)
            assert row.sold_out or row.unrealized == row.value - row.cost
            assert row.sold_out == (row.quantity == 0)
            assert abs(row.quantity * row.average_cost - row.cost) < Decimal("0.0001") or row.sold_out
            for figure in (row.value, row.cost, row.price, row.quantity, row.average_cost):
                assert isinstance(figure, Decimal)
                exponent = figure.normalize().as_tuple().exponent
                assert isinstance(exponent, int) and exponent >= (-18 if figure is row.quantity else -10)


def test_reports_are_consistent(world: World) -> None:
    for account, day in open_accounts(world):
        report = world.ledger.pnl(account.account_id, account.opened, day)
        assert report.total == report.realized + report.unrealized
        assert report.realized == (report.short_gains + report.short_losses + report.long_gains + report.long_losses)
        assert report.short_losses <= 0 <= report.short_gains and report.fees >= 0
        assert sum(row.realized for row in report.by_position) == report.realized
        assert sum(row.unrealized for row in report.by_position) == report.unrealized
        assert sum(row.dividends for row in report.by_position) == report.dividends
        assert sum(row.pnl for row in report.by_asset_class) == report.total
        if all(row.currency == "USD" for row in world.ledger.positions(account.account_id, day)):
            held = world.ledger.positions(account.account_id, day)
            assert report.unrealized == sum(row.unrealized for row in held)


def test_daily_reports_add_up_to_the_window(world: World) -> None:
    start, end = date(2022, 4, 1), date(2022, 7, 15)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    for account in world.accounts[:12]:
        daily = [world.ledger.pnl(account.account_id, day, day, known_at=end_of_market_date(end)) for day in days]
        window = world.ledger.pnl(account.account_id, start, end)
        assert money(window) == [sum(column) for column in zip(*map(money, daily), strict=True)]
        # and so do the differences of two inception-to-date reports
        known = end_of_market_date(end)
        until = [world.ledger.pnl(account.account_id, account.opened, day, known_at=known) for day in (start, end)]
        after_first = world.ledger.pnl(account.account_id, start + timedelta(days=1), end)
        if account.opened <= start:
            differences = [b - a for a, b in zip(money(until[0]), money(until[1]), strict=True)]
            assert differences == money(after_first)


@pytest.mark.parametrize("day", [date(2022, 4, 29), date(2022, 6, 30)])
def test_cash_and_positions_explain_equity(world: World, day: date) -> None:
    """Equity moves by flows, P&L, income and fees and by nothing else: no trade makes or loses money by itself."""
    for account in world.accounts[:24]:
        if account.role in ("short", "naira"):
            continue  # funded in two currencies
        report = world.ledger.pnl(account.account_id, account.opened, day, known_at=datetime(2019, 1, 1, tzinfo=UTC))
        earned = report.total + report.dividends + report.interest - report.fees
        flows = world.ledger.flows(account.account_id, account.opened, day)
        assert world.ledger.equity(account.account_id, day) == sum(flow.amount for flow in flows) + earned
        assert sum(flow.amount for flow in flows if flow.kind == "deposit") == account.deposit


def test_weekends_carry_the_last_close(world: World) -> None:
    account = world.accounts[0]
    friday, sunday = date(2022, 6, 10), date(2022, 6, 12)
    assert world.ledger.positions(account.account_id, friday) == world.ledger.positions(account.account_id, sunday)
    assert world.ledger.pnl(account.account_id, sunday, sunday).total == 0


def test_real_closes_are_used(world: World) -> None:
    assert world.market.close("AAPL", date(2022, 12, 28)) == Decimal("125.674")
    assert world.market.close("VLUE", date(2020, 1, 1)) == Decimal("81.312")


def test_analyses_sum_to_a_hundred_and_breaches_occur(world: World) -> None:
    outside = inside = 0
    for day in (date(2022, 3, 1) + timedelta(days=7 * week) for week in range(16)):
        for account in world.ledger.accounts(day):
            for portfolio in account.portfolios:
                analysis = world.ledger.drift(portfolio.portfolio_id, day)
                if not analysis.classes:
                    assert account.is_closed(day)
                    continue
                assert sum(c.actual for c in analysis.classes) == 100
                assert sum(c.target for c in analysis.classes) == 100
                assert sum(c.drift for c in analysis.classes) == 0
                breach = any(c.outside for c in analysis.classes)
                outside, inside = outside + breach, inside + (not breach)
                assert analysis.needs_rebalancing or not breach
    assert outside > 20 and inside > 20


def test_every_kind_of_thing_happens(world: World) -> None:
    end = date(2022, 6, 15)
    reports = [world.ledger.pnl(a.account_id, a.opened, end) for a in world.ledger.accounts(end)]
    for name in ("short_gains", "short_losses", "long_gains", "long_losses", "dividends", "interest", "fees"):
        assert any(getattr(report, name) for report in reports), name
    sold_out = 0
    for account in world.ledger.accounts(end):
        before = {p.symbol for p in world.ledger.positions(account.account_id, date(2022, 3, 31))}
        now = {p.symbol for p in world.ledger.positions(account.account_id, end)}
        sold_out += bool(before - now)
    assert sold_out > 10


def test_a_policy_in_force_changes_on_its_day(world: World) -> None:
    balanced = world.accounts[0]
    versions = [world.ledger.policy_in_force(balanced.account_id, date(2022, 5, day)) for day in (1, 2)]
    assert [v.version for v in versions if v] == [1, 2]
    before_opening = balanced.opened - timedelta(days=1)
    assert world.ledger.policy_in_force(balanced.account_id, before_opening) is None


def test_a_late_version_is_unknown_until_it_is_published(world: World) -> None:
    growth = world.accounts[SCRIPT_POLICY.account_number]
    day, published = date(2022, 5, 20), SCRIPT_POLICY.policy.published_at
    as_known = [world.ledger.policy_in_force(growth.account_id, day, published + timedelta(seconds=n)) for n in (-1, 0)]
    assert [v.version for v in as_known if v] == [2, 3]
    statuses = [v.status for v in world.ledger.policy_versions(growth.account_id, published)]
    assert statuses == ["superseded", "superseded", "active"]


def test_a_correction_moves_later_reports_and_their_parts(world: World) -> None:
    account = world.accounts[SCRIPT_CORRECTION.account_number]
    for day, differs in ((date(2022, 5, 9), 0), (date(2022, 5, 10), 1), (date(2022, 5, 20), 1)):
        then, later = (
            world.ledger.pnl(account.account_id, account.opened, day, known_at=SCRIPT_CORRECTION.known_at + span)
            for span in (timedelta(seconds=-1), timedelta(0))
        )
        assert later.realized - then.realized == SCRIPT_CORRECTION.amount * differs
        assert later.total - then.total == SCRIPT_CORRECTION.amount * differs
        assert sum(row.pnl for row in later.by_asset_class) == later.total
        assert later.short_losses - then.short_losses == SCRIPT_CORRECTION.amount * differs


def test_registering_a_late_policy_does_not_change_the_past() -> None:
    world, untouched = World(), World()
    account, published = world.accounts[10], datetime(2022, 3, 10, 12, tzinfo=UTC)
    policy = PolicyVersion(3, targets("2", equities="50", fixed_income="50"), Decimal(5), date(2022, 2, 1), published)
    world.publish_policy(account.account_id, policy)
    for day in (date(2022, 2, 15), date(2022, 3, 9)):
        assert world.ledger.positions(account.account_id, day) == untouched.ledger.positions(account.account_id, day)
    later = date(2022, 6, 15)
    assert world.ledger.positions(account.account_id, later) != untouched.ledger.positions(account.account_id, later)
    with pytest.raises(ValueError, match="never changes"):
        world.publish_policy(account.account_id, policy)


def test_the_same_seed_gives_the_same_world_and_another_does_not() -> None:
    def figures(seed: str, accounts: int) -> list[object]:
        world = World(WorldOptions(accounts=accounts, seed=seed))
        return [
            (a, world.ledger.positions(a.account_id, DAYS[4]), world.ledger.pnl(a.account_id, a.opened, DAYS[4]))
            for a in world.accounts[:12]
            if a.is_open(DAYS[4])
        ]

    assert figures("one", 12) == figures("one", 24)
    assert figures("one", 12) != figures("two", 12)


def test_the_default_world_is_this_one() -> None:
    """Pins the numbers themselves: another Python, machine or refactoring must not move a digit."""
    world = World()
    account = world.accounts[0]
    report = world.ledger.pnl(account.account_id, account.opened, date(2022, 6, 15))
    assert account.account_id == "371c7c8c-8075-41c9-bd5a-fe2e75b67c0a"
    assert (str(report.realized), str(report.interest)) == ("77391.851717600", "4557.90")


def test_http_says_what_the_ledger_says(api: Api) -> None:
    ledger, day = api.operator.ledger, api.operator.clock.market_date()
    for account in ledger.accounts(day):
        rows = {row["symbol"]: row for row in api.json(f"/trading/accounts/{account.account_id}/positions")}
        for fact in ledger.positions(account.account_id, day):
            row = rows.pop(fact.symbol)
            assert Decimal(row["quantity"]) == fact.quantity and Decimal(row["market_value"]) == fact.value
            assert Decimal(row["total_cost_basis"]) == fact.cost and Decimal(row["unrealized_pl"]) == fact.unrealized
        assert not rows
        window = {"start_date": account.opened.isoformat(), "end_date": day.isoformat()}
        summary = api.json(f"/wealth/accounts/{account.account_id}/reports/pnl", **window)["summary"]
        report = ledger.pnl(account.account_id, account.opened, day)
        assert [Decimal(text) for text in summary.values()] == money(report)[:6]


def test_a_report_does_not_know_the_future(fresh: Api) -> None:
    account = fresh.operator.world.accounts[0]
    path = f"/wealth/accounts/{account.account_id}/reports/pnl"
    today = fresh.json(path)
    past_the_end = fresh.json(path, end_date="2022-12-01")
    assert past_the_end["period"]["end_date"] == "2022-12-01" and past_the_end["summary"] == today["summary"]
    ahead = fresh.json(path, start_date="2022-07-01", end_date="2022-12-01")
    assert set(ahead["summary"].values()) == {"0.00"}
    before = fresh.json(path, start_date="2001-01-01", end_date="2001-02-01")
    assert set(before["summary"].values()) == {"0.00"} and before["by_position"] == []
    realized = fresh.json(path, realized_only="true")["summary"]
    assert realized["unrealized_pnl"] == "0.00" and realized["total_pnl"] == realized["realized_pnl"]
