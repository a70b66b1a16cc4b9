"""What happens in the world on purpose: money that comes and goes, analyses that are acted upon, shown again or ignored,
and policies that exclude what is held.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from helpers.contract import Api

from sandbox.world.accounts import Account
from sandbox.world.facts import Analysis
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.registry import WorldOptions
from sandbox.world.story import tell
from sandbox.world.world import World

WITHDRAWAL, EVE = date(2022, 5, 3), date(2022, 5, 2)


@pytest.fixture(scope="module")
def world() -> World:
    return World(WorldOptions(accounts=24))


def quantities(world: World, account: Account, day: date, place: int = 0) -> dict[str, Decimal]:
    rows = world.ledger.holdings(account.portfolios[place].portfolio_id, day).rows
    return {row.position.symbol: row.position.quantity for row in rows}


def changes(world: World, account: Account, before: date, after: date, place: int = 0) -> dict[str, Decimal]:
    old, new = quantities(world, account, before, place), quantities(world, account, after, place)
    moved = {symbol: new.get(symbol, Decimal(0)) - old.get(symbol, Decimal(0)) for symbol in old | new}
    return {symbol: change for symbol, change in moved.items() if change}


def recommended(analysis: Analysis) -> dict[str, Decimal]:
    return {trade.symbol: trade.quantity if trade.action == "buy" else -trade.quantity for trade in analysis.trades}


# ------------------------------------------------------------- money that comes and goes


@pytest.mark.parametrize("number", [10, 22])
def test_a_withdrawal_is_paid_by_the_largest_holding_and_moves_the_drift(world: World, number: int) -> None:
    account, ledger = world.accounts[number], world.ledger
    portfolio_id = account.portfolios[0].portfolio_id
    (flow,) = ledger.flows(account.account_id, date(2022, 4, 1), date(2022, 7, 8))
    assert (flow.day, flow.portfolio_id, flow.currency, flow.kind) == (WITHDRAWAL, portfolio_id, "USD", "withdrawal")
    before = ledger.holdings(portfolio_id, EVE)
    assert abs(-flow.amount / before.positions_value - Decimal("0.08")) < Decimal("0.002")
    closes = {row.position.symbol: world.market.close(row.position.symbol, WITHDRAWAL) for row in before.rows}
    largest = max((row.position for row in before.rows), key=lambda row: row.quantity * closes[row.symbol])
    (sold,) = changes(world, account, EVE, WITHDRAWAL).items()
    assert sold[0] == largest.symbol and largest.asset_class == "fixed_income"
    # What was sold, at that day's close, pays it to within the price of a ten-thousandth of a bond.
    price = closes[largest.symbol]
    left_over = -sold[1] * price + flow.amount
    assert 0 <= left_over < price / 1000
    cash = [ledger.holdings(portfolio_id, day).cash for day in (EVE, WITHDRAWAL)]
    assert cash[1] - cash[0] == left_over
    # A class of half the money that pays 8 % of it alone falls by about 8 / 92 of the other half.
    drifts = [{c.asset_class: c.drift for c in ledger.drift(portfolio_id, day).classes} for day in (EVE, WITHDRAWAL)]
    moved = {name: drifts[1][name] - drifts[0][name] for name in drifts[0]}
    assert Decimal("-4.9") < moved["fixed_income"] < Decimal("-3.8")
    assert all(change > 0 for name, change in moved.items() if name != "fixed_income")
    assert sum(moved.values()) == 0


def test_a_newcomer_pays_in_every_month_and_keeps_its_shares(world: World) -> None:
    account, ledger = world.accounts[9], world.ledger
    flows = ledger.flows(account.account_id, account.opened, date(2022, 8, 31))
    assert [(f.day, f.amount, f.kind) for f in flows] == [
        (date(2022, 4, 20), Decimal(208000), "deposit"),
        (date(2022, 5, 25), Decimal(5200), "contribution"),
        (date(2022, 6, 27), Decimal(5200), "contribution"),  # the 25th is a Saturday
        (date(2022, 7, 25), Decimal(5200), "contribution"),
        (date(2022, 8, 25), Decimal(5200), "contribution"),
    ]
    portfolio_id, day = account.portfolios[0].portfolio_id, date(2022, 5, 25)
    before, after = quantities(world, account, day - timedelta(days=1)), quantities(world, account, day)
    growth = [after[symbol] / quantity for symbol, quantity in before.items()]
    assert max(growth) - min(growth) < Decimal("0.00001") and Decimal("1.02") < min(growth) < Decimal("1.04")
    cash = [ledger.holdings(portfolio_id, day + timedelta(days=n)).cash for n in (-1, 0)]
    assert abs(cash[1] - cash[0] - 156) < Decimal("0.1")  # three hundredths of 5200
    report = ledger.performance(portfolio_id, day, day)
    assert (report.contributions, report.withdrawals) == (5200, 0)


def test_a_closing_account_is_paid_out(world: World) -> None:
    account = world.accounts[7]
    assert account.closes
    *_, paid = world.ledger.flows(account.account_id, account.opened, date(2022, 12, 31))
    assert (paid.day, paid.kind) == (date(2022, 5, 13), "closing")
    report = world.ledger.performance(account.portfolios[0].portfolio_id, account.closes, account.closes)
    assert report.ending == 0 and report.withdrawals == -paid.amount == report.starting + report.gains


def test_nothing_comes_or_goes_in_an_account_without_a_reason(world: World) -> None:
    moving = {
        account.role
        for account in world.accounts
        if world.ledger.flows(account.account_id, account.opened + timedelta(days=1), date(2022, 12, 31))
    }
    assert moving == {"newcomer", "conservative", "closing"}


# ------------------------------------------------------------- analyses


@pytest.mark.parametrize("place", [0, 1])
def test_recommended_trades_are_carried_out_two_trading_days_later(world: World, place: int) -> None:
    account, seen, done = world.accounts[2], date(2022, 6, 6), date(2022, 6, 8)
    portfolio_id = account.portfolios[place].portfolio_id
    wanted = recommended(world.ledger.drift(portfolio_id, seen))
    assert len(wanted) == 2
    assert changes(world, account, seen, date(2022, 6, 7), place) == {}
    assert changes(world, account, seen, done, place) == wanted
    analysis = world.ledger.drift(portfolio_id, done)
    assert analysis.last_rebalanced_at == datetime(2022, 6, 8, 14, 30, tzinfo=UTC)
    assert max(abs(c.drift) for c in analysis.classes) < Decimal("1.5") and not analysis.needs_rebalancing


def test_half_of_a_recommended_trade_is_carried_out(world: World) -> None:
    account, seen, done = world.accounts[9], date(2022, 5, 9), date(2022, 5, 11)
    portfolio_id = account.portfolios[0].portfolio_id
    ((symbol, wanted),) = recommended(world.ledger.drift(portfolio_id, seen)).items()
    ((moved, quantity),) = changes(world, account, seen, done).items()
    assert moved == symbol and abs(quantity * 2 - wanted) <= Decimal("0.0001")
    assert changes(world, account, seen, date(2022, 5, 10)) == {}
    # Nobody would call that a rebalancing.
    rebalanced = [world.ledger.drift(portfolio_id, day).last_rebalanced_at for day in (seen, done)]
    assert rebalanced[0] == rebalanced[1]


def test_other_recommended_trades_wait_for_the_regular_rebalancing(world: World) -> None:
    account = world.accounts[12]
    days = [day for day in world.market.days if EVE <= day < date(2022, 7, 11)]
    assert all(world.ledger.drift(account.portfolios[0].portfolio_id, day).trades for day in days)
    assert changes(world, account, days[0], days[-1]) == {}
    assert len(changes(world, account, days[-1], date(2022, 7, 11))) > 4


def test_on_tuesdays_one_role_is_shown_the_analysis_of_the_trading_day_before(api: Api) -> None:
    ledger = api.operator.ledger
    for number in (6, 18):
        portfolio_id = api.operator.world.accounts[number].portfolios[0].portfolio_id
        for tuesday, before in ((date(2022, 6, 14), date(2022, 6, 13)), (date(2022, 7, 5), date(2022, 7, 1))):
            again, first = ledger.drift(portfolio_id, tuesday), ledger.drift(portfolio_id, before)
            assert (again.day, again.classes, again.trades) == (before, first.classes, first.trades)
            assert again.analysed_at and again.analysed_at.date() == before + timedelta(days=1)  # 22:00 in New York
            wednesday = ledger.drift(portfolio_id, tuesday + timedelta(days=1))
            assert wednesday.classes != again.classes and wednesday.analysed_at is None
    other = ledger.drift(api.operator.world.accounts[0].portfolios[0].portfolio_id, date(2022, 6, 14))
    assert (other.day, other.analysed_at) == (date(2022, 6, 14), None)


def test_an_analysis_that_is_shown_again_has_its_old_time(fresh: Api) -> None:
    account = fresh.operator.world.accounts[6]
    where = f"/wealth/accounts/{account.account_id}/portfolios/{account.portfolios[0].portfolio_id}/rebalancing"
    shown = {}
    for day in (13, 14, 15):
        fresh.operator.clock.to_night(date(2022, 6, day))
        shown[day] = fresh.json(where)
    assert shown[14] == shown[13] != shown[15]
    assert [answer["analysis_timestamp"][:10] for answer in shown.values()] == ["2022-06-14", "2022-06-14", "2022-06-16"]


# ------------------------------------------------------------- restrictions


@pytest.mark.parametrize("number", [0, 12])
def test_an_excluded_security_is_held_all_the_same(api: Api, number: int) -> None:
    account = api.operator.world.accounts[number]
    policy = api.json(f"/wealth/accounts/{account.account_id}/investment-policy")
    assert policy["constraints"]["restrictions"]["excluded_securities"] == ["SBX-REIT"]
    assert "SBX-REIT" in quantities(api.operator.world, account, date(2022, 6, 15))


@pytest.mark.parametrize(("number", "symbol"), [(6, "CVX"), (18, "RRC")])
def test_a_stock_of_an_excluded_sector_is_held_all_the_same(api: Api, number: int, symbol: str) -> None:
    account = api.operator.world.accounts[number]
    policy = api.json(f"/wealth/accounts/{account.account_id}/investment-policy")
    assert policy["constraints"]["restrictions"]["excluded_sectors"] == ["tobacco", "energy"]
    assert symbol in quantities(api.operator.world, account, date(2022, 6, 15))
    assert INSTRUMENTS[symbol].sector == "energy"


# ------------------------------------------------------------- the story


def test_the_story_tells_of_them_on_their_days() -> None:
    told = {event.kind: (event.night, event.account_number) for event in tell(World()).events}
    assert told["withdrawal"] == (date(2022, 5, 3), 10)
    assert told["trades_half_done"] == (date(2022, 5, 11), 9)
    assert told["trades_done"] == (date(2022, 6, 8), 2)
