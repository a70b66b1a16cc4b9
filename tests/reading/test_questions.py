"""What the questions answer where something is not known, and of a file of another version."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.small_bi import ACCOUNT, CORE, MARKUP, NIGHTS, publish, story

from pipelines.errors import BluumError
from reading import Marts, questions
from reading.dashboard import parts, sections

FIRM = {"as_of_date": NIGHTS[-1], "accounts": 11, "accounts_listed": 11, "episodes_open": 5}


def _published(tmp_path: Path, rows: dict[str, list[dict[str, Any]]]) -> Marts:
    return Marts(publish(tmp_path / "bi.duckdb", rows))


def test_a_class_that_no_policy_judges_is_not_known_and_not_inside(tmp_path: Path) -> None:
    marts = _published(tmp_path, story(with_policy=False))
    known = [row for row in marts.ask("allocation_history", portfolio_id=CORE).rows() if row["actual_percent"] is not None]
    assert {row["state"] for row in known} == {"not known"}
    assert {row["state"] for row in marts.ask("drift_by_class").rows()} == {"not known"}


def test_a_policy_that_is_in_force_on_no_day_is_no_news(tmp_path: Path) -> None:
    rows = story()
    days = {1: (NIGHTS[0], NIGHTS[3]), 2: (NIGHTS[3], NIGHTS[3]), 3: (NIGHTS[3], None), 4: (NIGHTS[3], NIGHTS[3])}
    rows["marts.policy_versions"] = [
        {
            "account_id": ACCOUNT,
            "version": version,
            "status": "draft" if version == 4 else "active",
            "effective_from": since,
            "effective_to": until,
            "first_seen_at": datetime(2022, 3, 26, 2, tzinfo=UTC) if version > 1 else datetime(2022, 3, 22, 2, tzinfo=UTC),
        }
        for version, (since, until) in days.items()
    ]
    found = _published(tmp_path, rows).ask("policies_changed", since=datetime(2022, 3, 26, 1, tzinfo=UTC)).rows()
    assert [(row["version"], row["versions"]) for row in found] == [(3, 1)]


def test_a_breach_is_put_down_to_what_did_most_to_bring_it_there(tmp_path: Path) -> None:
    rows = story()
    about = {"account_id": ACCOUNT, "portfolio_id": CORE, "as_of_date": NIGHTS[-1], "verdict": "outside"}
    band = {**about, "rule": "band", "subject": "stocks", "value": Decimal(59), "upper_limit": Decimal(55)}
    cash = {**about, "portfolio_id": None, "rule": "minimum_cash", "value": Decimal(1), "lower_limit": Decimal(3)}
    breach = {"portfolio_id": CORE, "account_id": ACCOUNT, "asset_class": "stocks", "breach_kind": "band"}
    breach |= {"started_on": NIGHTS[1], "direction": "over"}
    points = {"market": Decimal(-5), "trades": Decimal("0.5"), "flows": Decimal("5.4"), "policy": Decimal(0)}
    rows["marts.compliance_daily"] = [band, cash]
    rows["marts.drift_episodes"] = [{**breach, "outcome": "open", "is_left_censored": False}]
    rows["marts.drift_episode_causes"] = [
        {**breach, "change_points": Decimal("0.9"), **{f"{cause}_points": amount for cause, amount in points.items()}}
    ]
    rows["marts.account_latest"][0] |= {"policy_effective_from": NIGHTS[-1], "total_pnl": Decimal("-7.25")}
    broken, poor = _published(tmp_path, rows).ask("outside_tonight").rows()
    assert (broken["subject"], broken["since"], broken["distance"]) == ("stocks", NIGHTS[1], Decimal(4))
    assert (broken["cause"], broken["cause_points"], broken["change_points"]) == ("flows", Decimal("5.4"), Decimal("0.9"))
    assert (poor["rule"], poor["cause"], poor["since"], poor["came_with_policy"]) == ("minimum_cash", None, NIGHTS[-1], True)
    assert {(row["outside_since"], row["of_the_account"], row["total_pnl"]) for row in (broken, poor)} == {
        (NIGHTS[1], 2, Decimal("-7.25"))
    }


def test_a_breach_after_a_night_that_could_not_be_judged_may_be_older(tmp_path: Path) -> None:
    rows = story()
    verdicts = zip(NIGHTS, ("inside", "inside", "unknown", "outside"), strict=True)
    rows["marts.compliance_daily"] = [
        {"as_of_date": night, "account_id": ACCOUNT, "rule": "minimum_cash", "verdict": verdict}
        for night, verdict in verdicts
    ]
    (found,) = _published(tmp_path, rows).ask("outside_tonight").rows()
    assert (found["since"], found["is_maybe_older"]) == (NIGHTS[-1], True)


def test_a_breach_is_told_as_lost_on_the_first_complete_night_without_it(tmp_path: Path) -> None:
    rows = story()
    lost = {"portfolio_id": CORE, "account_id": ACCOUNT, "asset_class": "stocks", "breach_kind": "band"}
    rows["marts.drift_episodes"] = [{**lost, "started_on": NIGHTS[0], "outcome": "lost", "last_observed_on": NIGHTS[1]}]
    rows["marts.account_nights"][2]["is_complete"] = False
    assert [row["change"] for row in _published(tmp_path, rows).ask("breaches_changed").rows()] == ["lost"]
    rows["marts.account_nights"][2]["is_complete"] = True
    assert _published(tmp_path, rows).ask("breaches_changed").rows() == []


def _judged(rule: str, verdicts: dict[date, str], **about: Any) -> list[dict[str, Any]]:
    common = {"account_id": ACCOUNT, "rule": rule, "unit": "percent", **about}
    return [{"as_of_date": night, "verdict": verdict, **common} for night, verdict in verdicts.items()]


def test_the_account_that_is_farthest_beyond_any_limit_comes_first_and_is_not_cut_off(tmp_path: Path) -> None:
    rows = story()
    banned = {"value": Decimal(28), "upper_limit": Decimal(0), "subject": "energy", "account_id": "acc-2"}
    class_over = {"value": Decimal(56), "upper_limit": Decimal(55), "subject": "stocks", "portfolio_id": CORE}
    late = {"value": Decimal(400), "upper_limit": Decimal(90), "unit": "days", "account_id": "acc-3"}
    tonight = {NIGHTS[-1]: "outside"}
    rows["marts.compliance_daily"] = [
        *_judged("overdue_rebalancing", tonight, **late),
        *_judged("band", tonight, **class_over),
        *_judged("excluded_sector", tonight, **banned),
    ]
    marts = _published(tmp_path, rows)
    assert [row["account_id"] for row in marts.ask("outside_tonight").rows()] == ["acc-2", ACCOUNT, "acc-3"]
    (worst,) = marts.ask("outside_tonight", most=1).rows()
    assert (worst["account_id"], worst["accounts"], worst["cause_unknown_reason"]) == ("acc-2", 3, "not_drift")


def test_a_threshold_is_broken_since_its_own_first_night_although_another_class_breaks_it_now(tmp_path: Path) -> None:
    rows = story()
    rows["marts.compliance_daily"] = _judged(
        "threshold",
        dict(zip(NIGHTS, ("inside", "outside", "outside", "outside"), strict=True)),
        portfolio_id=CORE,
    )
    now = {"portfolio_id": CORE, "account_id": ACCOUNT, "asset_class": "stocks", "breach_kind": "threshold"}
    rows["marts.drift_episodes"] = [{**now, "started_on": NIGHTS[3], "outcome": "open", "is_left_censored": False}]
    (found,) = _published(tmp_path, rows).ask("outside_tonight").rows()
    assert (found["since"], found["is_maybe_older"], found["episode_since"]) == (NIGHTS[1], False, NIGHTS[3])


def test_an_account_is_outside_since_the_night_from_which_it_always_broke_some_rule(tmp_path: Path) -> None:
    rows = story()
    earlier = dict(zip(NIGHTS, ("inside", "outside", "outside", "inside"), strict=True))
    later = dict(zip(NIGHTS, ("inside", "inside", "outside", "outside"), strict=True))
    rows["marts.compliance_daily"] = _judged("minimum_cash", earlier) + _judged("excluded_sector", later, subject="energy")
    (found,) = _published(tmp_path, rows).ask("outside_tonight").rows()
    assert (found["since"], found["outside_since"], found["is_outside_maybe_longer"]) == (NIGHTS[2], NIGHTS[1], False)


def test_rules_that_are_no_drift_open_end_and_are_lost_too(tmp_path: Path) -> None:
    rows = story()
    one, two, three, tonight = NIGHTS
    rows["marts.compliance_daily"] = [
        *_judged("excluded_sector", {three: "inside", tonight: "outside"}, subject="energy"),
        *_judged("minimum_cash", {one: "inside", two: "outside", three: "outside", tonight: "inside"}),
        *_judged("off_policy", {two: "outside", three: "outside"}, portfolio_id=CORE),
        *_judged("overdue_rebalancing", {two: "outside", three: "unknown", tonight: "outside"}, portfolio_id=CORE),
        *_judged("excluded_security", {two: "outside", three: "outside", tonight: "unknown"}, subject="BTC_USD"),
    ]
    changes = _published(tmp_path, rows).ask("breaches_changed").rows()
    assert {(row["change"], row["breach_kind"], row["subject"], row["started_on"]) for row in changes} == {
        ("opened", "excluded_sector", "energy", tonight),
        ("ended", "minimum_cash", None, two),
        ("lost", "off_policy", None, two),
    }


def test_who_is_out_of_policy_is_told_with_its_night_where_the_newest_one_has_no_analysis(tmp_path: Path) -> None:
    rows = story()
    rows["marts.allocation_drift_daily"] = [
        row for row in rows["marts.allocation_drift_daily"] if row["as_of_date"] < NIGHTS[-1]
    ]
    found = _published(tmp_path, rows).ask("outside_policy").rows()
    assert {row["as_of_date"] for row in found} == {NIGHTS[-2]}


def test_what_moved_while_the_class_was_not_told_is_in_the_remainder(tmp_path: Path) -> None:
    """The third night's analysis names neither class, so that neither its change nor the next one is known."""
    rows = story()
    for row in rows["marts.drift_causes_daily"]:
        if row["as_of_date"] == NIGHTS[2]:
            row |= {"drift_percent": None, "change_points": None, "remainder_points": None, "unknown_reason": "not_told"}
        if row["as_of_date"] == NIGHTS[3]:
            row |= {"previous_drift_percent": None, "change_points": None, "remainder_points": None}
            row |= {"market_points": None, "unknown_reason": "other_classes"}
    marts = _published(tmp_path, rows)
    between = {"first": NIGHTS[0], "last": NIGHTS[-1], "portfolio_id": CORE, "asset_class": "stocks"}
    steps = marts.ask("causes_bridge", **between).rows()
    told = {step["line"]: step["amount"] for step in steps}
    before, after = Decimal("6.123456789"), Decimal("9.123456789")
    assert (told["drift before"], told["market"], told["remainder"], told["drift after"]) == (before, 2, 1, after)
    assert steps[-2]["ends_at"] == after
    (moved,) = marts.ask("causes_between", **between).rows()
    assert (moved["change_points"], moved["market_points"], moved["remainder_points"]) == (3, 2, 1)
    found = marts.ask("why_drift_moved").rows()
    (moved,) = (
        row for row in found if (row["portfolio_id"], row["span"], row["asset_class"]) == (CORE, "last_nights", "stocks")
    )
    # The first night held has no drift before it: what is known of the nights since is all there is to say.
    assert (moved["change_points"], moved["market_points"], moved["remainder_points"]) == (1, 2, 0)
    of, nights = sections.LookedAt(CORE, "stocks", "Core"), marts.ask("nights").rows()
    for first, said in ((NIGHTS[0], "what moved then is in the remainder"), (NIGHTS[2], "drift at one end is not known")):
        choice = sections.Choice(first, NIGHTS[-1], None, None, None)
        assert said in sections.causes(marts, choice, of, nights)


def test_portfolios_are_chosen_by_the_currency_of_their_list_although_no_analysis_names_one(tmp_path: Path) -> None:
    rows = story()
    for row in rows["marts.drift_wide"]:
        row["portfolio_currency"] = None
    for row in rows["marts.portfolios"]:
        row["currency"] = None if row["portfolio_id"] == MARKUP else "USD"
    marts = _published(tmp_path, rows)
    for currency, portfolio in (("(unknown)", MARKUP), ("USD", CORE)):
        drift = marts.ask("drift_by_class", currency=currency).rows()
        moved = marts.ask("causes_between", currency=currency, first=NIGHTS[0], last=NIGHTS[-1]).rows()
        (counts,) = marts.ask("outside_on", currency=currency).rows()
        assert [{row["portfolio_id"] for row in found} for found in (drift, moved)] == [{portfolio}, {portfolio}]
        assert counts["portfolios_analysed"] == 1
    assert [row["currency"] for row in marts.ask("currencies_listed").rows()] == ["USD", "(unknown)"]


def test_portfolios_that_were_not_judged_or_not_analysed_are_counted_apart(tmp_path: Path) -> None:
    rows = story()
    for portfolio in rows["marts.portfolios"]:
        portfolio |= {"first_seen_on": NIGHTS[0], "last_seen_on": NIGHTS[-1]}
    failed, closed = ({**rows["marts.portfolios"][0], "portfolio_id": name} for name in ("port_fail", "port_closed"))
    rows["marts.portfolios"] += [failed, closed | {"last_seen_on": NIGHTS[0]}]
    for row in rows["marts.drift_wide"]:
        if row["portfolio_id"] == MARKUP:
            row["is_outside_band"] = None
    counts = _published(tmp_path, rows).ask("outside_on").rows()[0]
    assert counts == {
        "portfolios_analysed": 2,
        "portfolios_outside": 1,
        "portfolios_unknown": 1,
        "portfolios_not_analysed": 1,
    }
    said = unescape(re.sub("<[^>]*>", "", parts.outside(counts, NIGHTS[-1], None))).replace("\xa0", " ")
    assert said == "1 of 2 portfolios that were analysed on 25 Mar 2022; 1 not known, 1 not analysed."


def test_the_tiles_name_accounts_without_a_policy_and_whose_currency_it_is(tmp_path: Path) -> None:
    judged = {"accounts_with_policy": 8, "accounts_inside": 3, "accounts_outside": 4, "accounts_unknown": 1}
    dollars = {**FIRM, **judged, "currency": "USD", "accounts_with_net_pnl": 12}
    euros = {**FIRM, **judged, "currency": "EUR", "accounts_with_policy": 11}
    one = parts.firm_tiles(_published(tmp_path, {"marts.firm_daily": [dollars]}).ask("firm_night").rows())
    assert ">3 inside, 1 not known, 3 without a policy<" in one
    assert "known of 12 accounts, closed ones counted" in one
    two = parts.firm_tiles(_published(tmp_path, {"marts.firm_daily": [dollars, euros]}).ask("firm_night").rows())
    assert ">USD: 3 inside, 1 not known, 3 without a policy<" in two
    assert ">EUR: 3 inside, 1 not known<" in two


def test_a_day_on_which_only_pnl_was_asked_for_afterwards_is_no_night(tmp_path: Path) -> None:
    rows = story()
    tonight = {"as_of_date": NIGHTS[-1], "account_id": ACCOUNT}
    month = {"account_id": ACCOUNT, "period_kind": "month", "period_start": NIGHTS[-1].replace(day=1)}
    breach = {"portfolio_id": CORE, "account_id": ACCOUNT, "asset_class": "stocks", "breach_kind": "band"}
    rows["marts.account_nights"][-1]["is_complete"] = False
    rows["marts.account_book_daily"] = [tonight | {"equity": Decimal(7)}]
    rows["marts.compliance_daily"] = [tonight | {"portfolio_id": CORE, "rule": "off_policy", "verdict": "outside"}]
    rows["marts.drift_episodes"] = [breach | {"started_on": NIGHTS[-1], "outcome": "open"}]
    rows["marts.pnl_bridge"] = [month | {"line_number": 1, "line": "opening"}]
    rows["marts.pnl_by_position_daily"] = [tonight | {"symbol": "SBX"}]
    rows["marts.policy_versions"] = [{"account_id": ACCOUNT, "version": 1, "effective_from": NIGHTS[-1]}]
    rows["marts.positions_daily"] = [tonight | {"position_id": "pos-1", "symbol": "SBX"}]
    rows["marts.rebalancing_trades"] = [tonight | {"portfolio_id": CORE, "trade_number": 1}]
    of_a_night = sorted(name for name, each in questions().items() if "sync_coverage_daily" in each.sql)

    def answers() -> dict[str, list[dict[str, Any]]]:
        marts = _published(tmp_path, rows)
        return {name: marts.ask(name).rows() for name in of_a_night}

    before = answers()
    assert [name for name, found in before.items() if not found] == []
    missed, later = NIGHTS[1] + timedelta(1), date(2022, 4, 1)
    rows["marts.sync_coverage_daily"] += [
        {"as_of_date": day, "endpoint": "pnl_backfill", "is_complete": True} for day in (missed, later)
    ]
    assert answers() == before


def test_a_file_of_another_version_is_a_line_that_says_what_renews_it(tmp_path: Path) -> None:
    marts = _published(tmp_path, story())
    marts.check(sections.ASKED)
    with duckdb.connect(str(marts.place)) as connection:
        connection.execute("alter table marts.pnl_daily drop column net_pnl; drop table marts.drift_causes_daily")
    for name in ("pnl_by_night", "causes_by_night"):
        with pytest.raises(
            BluumError, match=r"bi\.duckdb was made by another version; `bluum sync`, or `bluum replay`, builds"
        ):
            marts.ask(name)
        with pytest.raises(
            BluumError, match=r"bi\.duckdb was made by another version; `bluum sync`, or `bluum replay`, builds"
        ):
            marts.check([name])


def test_the_dashboard_checks_every_question_that_it_asks() -> None:
    source = "".join(path.read_text() for path in Path(sections.__file__).parent.glob("*.py"))
    assert set(re.findall(r'marts\.ask\(\s*"(\w+)"', source)) == set(sections.ASKED)
