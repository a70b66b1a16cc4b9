{{
    config(
        materialized='table_function',
        parameters=['known_at'],
        enabled=target.type == 'duckdb',
        contract={'enforced': false},
        persist_docs={'relation': false, 'columns': false},
    )
}}

-- marts.pnl_daily_as_of(known_at): the mart pnl_daily as it would have read at an instant, for instance
-- `from marts.pnl_daily_as_of('2026-03-04 12:00:00+00')`. A macro of DuckDB's over a table named without its database, so
-- that it works in any file that holds the table. The days are told as in pnl_daily.
-- depends_on: {{ ref('pnl_reports_known') }}

with

reports as (

    select
        account_id,
        as_of_date,
        response_id,
        currency,
        opened_on,
        start_date,
        total_pnl_itd as total_pnl,
        realized_pnl_itd as realized_pnl,
        unrealized_pnl_itd as unrealized_pnl,
        dividend_income_itd as dividend_income,
        interest_income_itd as interest_income,
        fees_paid_itd as fees_paid,
        short_term_gains_itd as short_term_gains,
        short_term_losses_itd as short_term_losses,
        long_term_gains_itd as long_term_gains,
        long_term_losses_itd as long_term_losses,
        is_restated
    from {{ ref('pnl_reports_known').include(database=false) }}
    where has_report
        and known_from <= cast(known_at as {{ type_instant() }})
        and (known_to is null or known_to > cast(known_at as {{ type_instant() }}))

),

sequenced as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date,
        lag(total_pnl) over series as previous_total_pnl,
        lag(realized_pnl) over series as previous_realized_pnl,
        lag(unrealized_pnl) over series as previous_unrealized_pnl,
        lag(dividend_income) over series as previous_dividend_income,
        lag(interest_income) over series as previous_interest_income,
        lag(fees_paid) over series as previous_fees_paid,
        lag(short_term_gains) over series as previous_short_term_gains,
        lag(short_term_losses) over series as previous_short_term_losses,
        lag(long_term_gains) over series as previous_long_term_gains,
        lag(long_term_losses) over series as previous_long_term_losses,
        max(total_pnl) over (
            partition by account_id order by as_of_date rows between unbounded preceding and current row
        ) as highest_total_pnl
    from reports
    window series as (partition by account_id order by as_of_date)

),

compared as (

    select
        *,
        {{ is_opening() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ days_covered() }} as days_covered
    from sequenced

),

-- The last report of each month, quarter and year, beside the one of the period before: what to-date figures count from.
period_kinds as (

    select 'month' as period_kind
    union all
    select 'quarter' as period_kind
    union all
    select 'year' as period_kind

),

period_closes as (

    select
        reports.account_id,
        period_kinds.period_kind,
        {{ period_start('period_kinds.period_kind', 'reports.as_of_date') }} as period_start,
        reports.as_of_date,
        reports.start_date,
        reports.total_pnl,
        row_number() over (
            partition by
                reports.account_id,
                period_kinds.period_kind,
                {{ period_start('period_kinds.period_kind', 'reports.as_of_date') }}
            order by reports.as_of_date desc
        ) as recency
    from reports
    cross join period_kinds

),

period_bases as (

    select
        account_id,
        period_kind,
        period_start,
        lag(as_of_date) over periods as base_on,
        lag(start_date) over periods as base_start_date,
        lag(total_pnl) over periods as base_total_pnl
    from period_closes
    where recency = 1
    window periods as (partition by account_id, period_kind order by period_start)

),

final as (

    select
        compared.as_of_date,
        compared.account_id,
        compared.currency,
        compared.days_covered,
        {{ day_value('total_pnl') }} as total_pnl,
        {{ day_value('realized_pnl') }} as realized_pnl,
        {{ day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ day_value('dividend_income') }} as dividend_income,
        {{ day_value('interest_income') }} as interest_income,
        {{ day_value('fees_paid') }} as fees_paid,
        {{ day_value('short_term_gains') }} as short_term_gains,
        {{ day_value('short_term_losses') }} as short_term_losses,
        {{ day_value('long_term_gains') }} as long_term_gains,
        {{ day_value('long_term_losses') }} as long_term_losses,
        compared.total_pnl as total_pnl_itd,
        compared.realized_pnl as realized_pnl_itd,
        compared.unrealized_pnl as unrealized_pnl_itd,
        compared.dividend_income as dividend_income_itd,
        compared.interest_income as interest_income_itd,
        compared.fees_paid as fees_paid_itd,
        compared.short_term_gains as short_term_gains_itd,
        compared.short_term_losses as short_term_losses_itd,
        compared.long_term_gains as long_term_gains_itd,
        compared.long_term_losses as long_term_losses_itd,
        {{ to_date_value('months') }} as total_pnl_mtd,
        {{ to_date_value('quarters') }} as total_pnl_qtd,
        {{ to_date_value('years') }} as total_pnl_ytd,
        {{ difference('compared.total_pnl', 'compared.highest_total_pnl') }} as drawdown_amount,
        compared.is_restated,
        compared.response_id
    from compared
    left join period_bases as months
        on compared.account_id = months.account_id
        and months.period_kind = 'month'
        and months.period_start = {{ period_start("'month'", 'compared.as_of_date') }}
    left join period_bases as quarters
        on compared.account_id = quarters.account_id
        and quarters.period_kind = 'quarter'
        and quarters.period_start = {{ period_start("'quarter'", 'compared.as_of_date') }}
    left join period_bases as years
        on compared.account_id = years.account_id
        and years.period_kind = 'year'
        and years.period_start = {{ period_start("'year'", 'compared.as_of_date') }}

)

select * from final
