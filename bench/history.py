"""A long, ordinary history for the benches: raw tables as many nights of syncs leave them, written by DuckDB itself.

    create(path, accounts, nights) -> raw.*; add_nights(path, accounts, first, count) -> the nights after it

Every account and night has its positions (one asked again now and then), portfolio with its holdings, summary and
performance, drift, policy and P&L; one P&L report in fifty fails and is asked again the next night. The same arguments give
the same rows. Bodies are left out: no model reads them. The torture cases are in tests/sql.
"""

import sys
from datetime import date
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.sql_warehouse import create_raw
from helpers.sql_warehouse import note_built_loads as note_built_loads

POSITIONS = 8
LOADS_A_NIGHT = 4
MONDAY = date(2025, 1, 6)
# Night n is the n-th weekday from this Monday on.
_NIGHTS = """
create or replace temporary table nights as
select
    n,
    cast({monday} + cast(n // 5 * 7 + n % 5 as integer) as date) as as_of_date,
    cast({monday} + cast((n - 1) // 5 * 7 + (n - 1) % 5 as integer) as date) as night_before
from range({first}, {first} + {count}) as r (n);

create or replace temporary table asked as
select
    n, a, as_of_date,
    night_before as failed_date,
    printf('acc_%06d', a) as account_id,
    printf('pf_%06d', a) as portfolio_id,
    case when a % 2 = 0 then {monday} else {monday} - 585 end as opened_on,
    1 + n // 90 as version,
    (a * 31 + n * 17) % 50 = 0 as pnl_fails,
    n > 0 and (a * 31 + (n - 1) * 17) % 50 = 0 as pnl_failed,
    printf('%d.%d', n, a % {loads}) as _dlt_load_id,
    strftime(as_of_date, '%Y%m%d') || '-' as prefix
from nights cross join range({accounts}) as r (a);
"""
_REQUESTS = """
create or replace temporary table requests as
with kinds as (
    select 0 as slot, 'positions' as endpoint, '{}' as params, *, as_of_date as end_date from asked
    union all select 1, 'portfolios', '{}', *, as_of_date from asked
    union all select 2, 'rebalancing', '{}', *, as_of_date from asked
    union all select 3, 'investment_policy', '{"include_history":"true"}', *, as_of_date from asked
    union all select 4, 'pnl', '', *, as_of_date from asked
    union all select 5, 'position', '{"position_id":"' || account_id || '-1"}', *, as_of_date from asked
        where (a + n) % 20 = 0
    union all select 6, 'pnl_backfill', '', *, failed_date from asked where pnl_failed
    union all select 7, 'holdings', '{"refresh_prices":"true"}', *, as_of_date from asked
    union all select 8, 'summary', '{"refresh_prices":"true"}', *, as_of_date from asked
    union all select 9, 'performance', '', *, as_of_date from asked
)
select
    * replace (case when params = '' then printf('{"end_date":"%s","start_date":"%s"}', end_date, opened_on) else params end
        as params),
    prefix || lpad(cast(1 + a * 16 + slot as varchar), 8, '0') as response_id,
    1 + a * 16 + slot as sequence,
    case when endpoint = 'pnl' and pnl_fails then 'failed' else 'ok' end as outcome
from kinds;
"""
_MONEY = "cast((hash(a, n, {salt}) % 200001) as decimal(38, 9)) * 0.01"
_ROWS = {
    "responses": """
        select response_id, as_of_date, response_id as answer_id, 0 as page, endpoint, account_id, params, outcome,
            case when endpoint in {of_portfolio} then portfolio_id end as portfolio_id, 200 as status, 1 as attempts,
            0 as rate_limited, _dlt_load_id, cast(as_of_date as timestamptz) + interval '23 hours'
                + to_milliseconds(sequence * 50) as requested_at, requested_at + interval '200 milliseconds' as received_at
        from requests
        union all by name
        select strftime(as_of_date, '%Y%m%d') || '-00000000' as response_id, as_of_date, response_id as answer_id, 0 as page,
            'accounts' as endpoint, '{}' as params, 'ok' as outcome, 200 as status, 1 as attempts, 0 as rate_limited,
            printf('%d.0', n) as _dlt_load_id, cast(as_of_date as timestamptz) + interval '23 hours' as requested_at,
            requested_at as received_at
        from nights""",
    "plan": """
        select response_id, as_of_date, endpoint, account_id, params, _dlt_load_id,
            case when endpoint in {of_portfolio} then portfolio_id end as portfolio_id
        from requests where endpoint <> 'pnl_backfill'""",
    "accounts": """
        select prefix || '00000000' as response_id, as_of_date, account_id, 'ACTIVE' as status, 'USD' as currency, opened_on,
            printf('%d.0', n) as _dlt_load_id
        from asked""",
    "account_portfolios": """
        select prefix || '00000000' as response_id, as_of_date, account_id, 0 as item_number, portfolio_id,
            'active' as status, printf('%d.0', n) as _dlt_load_id
        from asked""",
    "portfolios": """
        select response_id, as_of_date, account_id, portfolio_id, 'Core' as name, 'USD' as currency, 'active' as status,
            _dlt_load_id
        from requests where endpoint = 'portfolios'""",
    "positions": """
        select response_id, as_of_date, account_id, printf('%s-%d', account_id, k) as position_id,
            printf('SYM%d', (a + k) % 40) as symbol, 'USD' as currency, 1 + (a + k) % 90 as quantity,
            cast(5000 + (n * (1 + k) * 7 + a) % 3000 as decimal(38, 18)) * 0.01 as current_price,
            50 as average_cost_basis, 50 * (1 + (a + k) % 90) as total_cost_basis,
            cast(quantity * (5000 + (n * (1 + k) * 7 + a) % 3000) as decimal(38, 9)) * 0.01 as market_value,
            market_value - total_cost_basis as unrealized_pl, 'LIVE' as price_confidence, _dlt_load_id
        from requests cross join range({positions}) as r (k)
        where endpoint = 'positions' or endpoint = 'position' and k = 1""",
    "rebalancing": """
        select response_id, as_of_date, account_id, portfolio_id, 'USD' as currency, n % 3 = 0 as needs_rebalancing,
            _dlt_load_id
        from requests where endpoint = 'rebalancing'""",
    "rebalancing_allocations": """
        with ramps as (
            select *, [(n + a * 13 + k * 29) % 140 - 70 for k in range(3)] as tenths
            from requests where endpoint = 'rebalancing'
        )
        select response_id, as_of_date, account_id, portfolio_id, printf('class_%d', k) as asset_class, 25 as target,
            cast(case when k = 3 then -list_sum(tenths) else tenths[k + 1] end as decimal(38, 9)) * 0.1 as drift,
            25 + drift as actual, _dlt_load_id
        from ramps cross join range(4) as r (k)""",
    "rebalancing_trades": """
        select response_id, as_of_date, account_id, portfolio_id, k as trade_number, 'BUY' as action,
            printf('SYM%d', (a + k) % 40) as symbol, printf('class_%d', k) as asset_class, 1 + n % 5 as quantity,
            100 as notional, _dlt_load_id
        from requests cross join range(2) as r (k) where endpoint = 'rebalancing' and n % 3 = 0""",
    "portfolio_holdings": """
        select response_id, as_of_date, account_id, portfolio_id, 'USD' as currency, 100 + n % 7 as cash_balance,
            _dlt_load_id
        from requests where endpoint = 'holdings'""",
    "holdings": """
        select response_id, as_of_date, account_id, portfolio_id, k + 1 as item_number,
            printf('SYM%d', (a + k) % 40) as symbol, printf('class_%d', k % 4) as asset_class,
            printf('sector_%d', k % 5) as sector,
            1 + (a + k + n // 20) % 90 as quantity, cast(5000 + (n * (1 + k) * 7 + a) % 3000 as decimal(38, 18)) * 0.01
                as current_price, 50 * quantity as total_cost_basis,
            cast(quantity * (5000 + (n * (1 + k) * 7 + a) % 3000) as decimal(38, 9)) * 0.01 as market_value, _dlt_load_id
        from requests cross join range({positions}) as r (k) where endpoint = 'holdings'""",
    "portfolio_summaries": """
        select response_id, as_of_date, account_id, portfolio_id, 'USD' as currency, 1000 + n as total_value,
            {monday} + 360 as next_scheduled, _dlt_load_id
        from requests where endpoint = 'summary'""",
    "portfolio_summary_shares": """
        select response_id, as_of_date, account_id, portfolio_id, 'by_asset_class' as breakdown, k + 1 as item_number,
            printf('class_%d', k) as asset_class, 250 as value, 25 as percent, _dlt_load_id
        from requests cross join range(4) as r (k) where endpoint = 'summary'""",
    "performance_reports": """
        select response_id, as_of_date, account_id, portfolio_id, opened_on as start_date, end_date, 0.01 * n as
            time_weighted_return, 10 * n as total_return, 1000 + 10 * (n // 20) as net_contributions, 0 as net_withdrawals,
            _dlt_load_id
        from requests where endpoint = 'performance'""",
    "policy_versions": """
        select response_id, as_of_date, account_id, 'ips_' || account_id as ips_id, version, 'active' as status,
            {monday} - 219 + cast(126 * version as integer) as effective_date, 5 as threshold_percent,
            2 as minimum_cash_percent, 24 as tax_bracket, 'quarterly' as rebalancing_frequency, '15' as horizon_years,
            _dlt_load_id
        from requests where endpoint = 'investment_policy'""",
    "policy_targets": """
        select response_id, as_of_date, account_id, 'ips_' || account_id as ips_id, version,
            printf('class_%d', k) as asset_class, 25 as target_percent, 20 - version % 3 as min_percent, 30 as max_percent,
            _dlt_load_id
        from requests cross join range(4) as r (k) where endpoint = 'investment_policy'""",
    "policy_sub_allocations": """
        select response_id, as_of_date, account_id, 'ips_' || account_id as ips_id, version, 'class_0' as asset_class,
            printf('sub_%d', k) as sub_allocation, 50 as target_percent, _dlt_load_id
        from requests cross join range(2) as r (k) where endpoint = 'investment_policy'""",
    "policy_terms": """
        select response_id, as_of_date, account_id, 'ips_' || account_id as ips_id, version, 'excluded_sectors' as term,
            1 as item_number, 'sector_4' as value, _dlt_load_id
        from requests where endpoint = 'investment_policy'""",
    "policy_history": """
        select response_id, as_of_date, account_id, 'ips_' || account_id as ips_id, version as current_version,
            k as item_number, 1 + k as version, {monday} - 219 + cast(126 * (1 + k) as integer) as effective_date,
            _dlt_load_id
        from requests, unnest(range(version)) as r (k) where endpoint = 'investment_policy'""",
    "pnl_by_position": """
        select response_id, as_of_date, account_id, opened_on as start_date, end_date, k as item_number,
            printf('SYM%d', (a + k) % 40) as symbol, {realized} as realized_pnl, {unrealized} as unrealized_pnl,
            0.25 * k as dividend_income, _dlt_load_id
        from requests cross join range({positions}) as r (k)
        where endpoint in ('pnl', 'pnl_backfill') and outcome = 'ok'""",
    "pnl_reports": """
        select items.response_id, items.as_of_date, items.account_id, start_date, end_date,
            start_date as reported_start_date,
            sum(items.realized_pnl) as realized_pnl, sum(items.unrealized_pnl) as unrealized_pnl,
            sum(items.realized_pnl) + sum(items.unrealized_pnl) as total_pnl, sum(items.dividend_income) as dividend_income,
            1.5 as fees_paid, 0 as interest_income, sum(items.realized_pnl) as short_term_gains, 0 as short_term_losses,
            0 as long_term_gains, 0 as long_term_losses, items._dlt_load_id
        from raw.pnl_by_position as items semi join requests using (response_id)
        group by all""",
    "pnl_by_asset_class": """
        select reports.response_id, reports.as_of_date, reports.account_id, start_date, reports.end_date, k as item_number,
            printf('class_%d', k) as asset_class, case when k = 0 then total_pnl else 0 end as pnl, k as pnl_percent,
            reports._dlt_load_id
        from raw.pnl_reports as reports semi join requests using (response_id), range(4) as r (k)""",
    "quarantine": """
        select response_id, as_of_date, endpoint, account_id, 'positions' as table_name, 'quantity' as field, 'NaN' as value,
            'not a number' as reason, '{}' as payload, _dlt_load_id
        from requests where endpoint = 'positions' and (a + n) % 200 = 0""",
    "_dlt_loads": """
        select distinct _dlt_load_id as load_id, 'bluum' as schema_name, 0 as status,
            cast(as_of_date as timestamptz) + interval '24 hours' as inserted_at
        from requests""",
}


def create(path: Path, accounts: int, nights: int, monday: date = MONDAY) -> None:
    """Write a new warehouse that holds raw.* only."""
    create_raw(path)
    add_nights(path, accounts, 0, nights, monday)


def add_nights(path: Path, accounts: int, first: int, count: int = 1, monday: date = MONDAY) -> None:
    """Append `count` nights from night number `first` on, as committed loads of these nights."""
    names = {
        "{monday}": f"date '{monday}'",
        "{of_portfolio}": "('rebalancing', 'holdings', 'summary', 'performance')",
        "{positions}": str(POSITIONS),
        "{realized}": _MONEY.format(salt="k"),
        "{unrealized}": _MONEY.format(salt="k + 100"),
    }
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            _NIGHTS.format(first=first, count=count, accounts=accounts, loads=LOADS_A_NIGHT, monday=names["{monday}"])
        )
        connection.execute(_REQUESTS)
        for table, query in _ROWS.items():
            for name, value in names.items():
                query = query.replace(name, value)
            connection.execute(f"insert into raw.{table} by name {query}")
