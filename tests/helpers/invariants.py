"""What holds of every history: the queries that find what breaks it, and a world to ask them of.

    History --night by night--> nightly --queries--> what is broken
            --all at once-----> whole   --except---> what differs

Used by test_invariants.py and bench/histories.py.
"""

import random
import shutil
from pathlib import Path

from helpers.sql_history import History
from helpers.sql_warehouse import Dbt, create_raw, marts_side_by_side, rows

NIGHTS, ACCOUNTS, MARTS = 5, 15, 36
AS_OF = ("allocation_drift_daily", "drift_episodes", "pnl_daily", "policy_versions")
BREAKS = {
    "a day crosses a currency or a window": """
        select * from (
            select pnl.account_id, pnl.as_of_date, pnl.total_pnl, pnl.currency, nights.start_date,
                lag(pnl.currency) over series as currency_before, lag(nights.start_date) over series as start_before,
                lag(pnl.as_of_date) over series as night_before
            from marts.pnl_daily as pnl join intermediate.int_pnl_nights as nights using (account_id, as_of_date)
            window series as (partition by pnl.account_id order by pnl.as_of_date)
        )
        where night_before is not null and total_pnl is not null
            and (currency is distinct from currency_before or start_date is distinct from start_before)
    """,
    "a figure of the day is null without a cause": """
        select * from marts.pnl_daily as pnl where total_pnl is null and total_pnl_itd is not null
            and days_covered is not null and not exists (
                select 1 from intermediate.int_pnl_nights as nights
                where nights.account_id = pnl.account_id and nights.as_of_date = pnl.as_of_date
                    and (not nights.is_comparable or nights.previous_total_pnl is null)
            )
    """,
    "a drawdown is above zero": "select * from marts.pnl_daily where drawdown_amount > 0",
    "two versions are in force on one day": """
        select account_id, as_of_date from marts.account_nights group by all having count(*) > 1
    """,
    "an account's night is complete and something of it is missing": """
        select * from marts.account_nights where is_complete and (
            not is_listed or 'failed' in (positions_outcome, portfolios_outcome, rebalancing_outcome, pnl_outcome)
            or 'not_asked' in (positions_outcome, portfolios_outcome, rebalancing_outcome, pnl_outcome)
        )
    """,
    "a night is complete although a known portfolio was not asked": """
        select * from marts.sync_coverage_daily as coverage where is_complete and exists (
            select 1 from marts.account_nights as nights where nights.as_of_date = coverage.as_of_date
                and coverage.endpoint = 'rebalancing' and nights.rebalancing_outcome = 'not_asked'
        )
    """,
    "a verdict is null although the band is known": """
        select * from marts.allocation_drift_daily
        where is_outside_band is null and actual_percent is not null and min_percent is not null and max_percent is not null
    """,
    "an episode without nights, or ending before it began": """
        select * from marts.drift_episodes
        where nights_observed < 1 or last_breach_on < started_on or ended_on <= last_breach_on or nights_missing < 0
            or (outcome = 'ended') <> (ended_on is not null)
    """,
    "drift's causes do not come to its change": """
        select * from marts.drift_causes_daily
        where change_points <> coalesce(market_points, 0) + coalesce(trades_points, 0) + coalesce(flows_points, 0)
            + policy_points + remainder_points
    """,
    "a cause is told beside the reason why it is not": """
        select * from marts.drift_causes_daily where (unknown_reason is null or unknown_reason = 'not_told')
            <> (market_points is not null and trades_points is not null and flows_points is not null)
    """,
    "an account moved by something else than flows and P&L": """
        select * from marts.account_book_daily as book
        join marts.account_book_daily as earlier
            on book.account_id = earlier.account_id and book.previous_on = earlier.as_of_date
        where book.equity - earlier.equity <> book.implied_flow + book.net_pnl
    """,
    "equity or a return is null without a reason": """
        select * from marts.account_book_daily
        where unknown_reason is null and (equity is null or estimated_return_percent is null)
    """,
    "a trade is done on a night that does not hold it": """
        select * from marts.rebalancing_trade_outcomes
        where (outcome = 'done') <> (done_on is not null) or done_on <= as_of_date or (outcome = 'unknown')
            <> (unknown_reason is not null)
    """,
    "a policy version is known twice at one instant": """
        select account_id, ips_id, version, known_from from audit.policy_versions_known group by all having count(*) > 1
    """,
}


EVENTS = {
    "a report is restated": "from marts.restatements",
    "a missed night is filled later": "from intermediate.int_pnl_reports_ranked where asked_on > as_of_date",
    "a report is withdrawn": "from intermediate.int_pnl_reports_ranked where is_current and not has_report",
    "a late version leaves an earlier one no day": "from marts.policy_versions where effective_from = effective_to",
    "a version is known from the history only": "from marts.policy_versions where status is null",
    "targets are read after their answer": "from raw.policy_targets join raw.responses using (response_id)"
    " where policy_targets._dlt_load_id <> responses._dlt_load_id",
    "a drift has a cause": "from marts.drift_causes_daily where market_points <> 0",
    "an equity is known": "from marts.account_book_daily where equity is not null",
    "an episode runs over a missing night": "from marts.drift_episodes where nights_missing > 0",
}
"""What a world should have seen before anything is said to hold of it."""


def unseen(nightly: Path) -> list[str]:
    """The events that a world has not had."""
    return [event for event, query in EVENTS.items() if not rows(nightly, f"select 1 {query} limit 1")]


def broken(dbt: Dbt, source: random.Random, nightly: Path, whole: Path) -> dict[str, object]:
    """Draw a world from `source`, build it night by night and at once, and say what does not hold.

    That items add up is a test of dbt's own, which a build runs: a failing one raises.
    """
    for path in (nightly, whole):
        path.parent.mkdir()
    create_raw(nightly)
    selection: tuple[str, ...] = ()
    for loads in History(source, NIGHTS, ACCOUNTS):
        for load in loads:
            load.load(nightly)
        dbt.build(nightly, *selection)
        selection = ("--exclude", "staging")  # views stand after the first build
    shutil.copy(nightly, whole)
    dbt.run(whole, "--full-refresh")
    found: dict[str, object] = {name: said for name, query in BREAKS.items() if (said := rows(nightly, query)[:3])}
    for mart in AS_OF:
        query = "(from marts.{} except all from marts.{}) limit 3"
        now = f"{mart}_as_of('2100-01-01')"
        if said := rows(nightly, query.format(mart, now)) + rows(nightly, query.format(now, mart)):
            found[f"{mart}_as_of says otherwise"] = said
    different = marts_side_by_side(nightly, whole)
    assert len(different) == MARTS
    return found | {f"{mart} differs from a full refresh": said[:3] for mart, said in different.items() if said}
