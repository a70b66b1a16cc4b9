{{
    config(
        materialized='table_function',
        parameters=['known_at'],
        contract={'enforced': false},
        persist_docs={'relation': false, 'columns': false},
    )
}}

-- marts.pnl_daily_as_of(known_at): the mart pnl_daily as it would have read at an instant, for instance
-- `from marts.pnl_daily_as_of('2026-03-04 12:00:00+00')`. A macro of DuckDB's over a table named without its database, so
-- that it works in any file that holds the table. Nights and bases are told as in int_pnl_nights and int_pnl_periods.
-- depends_on: {{ ref('pnl_reports_known') }}

with

reports as (

    select
        account_id,
        as_of_date,
        response_id,
        asked_on,
        restated_on,
        vintage_on,
        restatement_key,
        currency,
        opened_on,
        start_date,
        {% for measure in pnl_measures() -%}
        {{ measure }}_itd as {{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('pnl_reports_known').include(database=false) }}
    where has_report
        and known_from <= cast(known_at as {{ type_instant() }})
        and (known_to is null or known_to > cast(known_at as {{ type_instant() }}))

),

sequenced as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(asked_on) over series as previous_asked_on,
        lag(vintage_on) over series as previous_vintage_on,
        lag(restatement_key) over series as previous_restatement_key,
        lag(currency) over series as previous_currency,
        lag(start_date) over series as previous_start_date,
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from reports
    window series as (partition by account_id order by as_of_date)

),

compared as (

    select
        *,
        {{ is_opening_night() }} as is_opening,
        {{ is_comparable() }} as is_comparable,
        {{ is_mixed_vintage() }} as is_mixed_vintage,
        restated_on is not null as is_itd_restated,
        previous_on is not null and restatement_key <> previous_restatement_key as is_day_restated,
        {{ days_covered() }} as days_covered
    from sequenced

),

windows as (

    select
        *,
        sum(case when is_comparable then 0 else 1 end) over (
            partition by account_id
            order by as_of_date
            rows between unbounded preceding and current row
        ) as window_number
    from compared

),

nights as (

    select
        *,
        max(greatest(total_pnl, 0)) over (
            partition by account_id, window_number
            order by as_of_date
            rows between unbounded preceding and current row
        ) as highest_total_pnl
    from windows

),

closes as (

    {% for kind in ['month', 'quarter', 'year'] -%}
    select
        account_id,
        '{{ kind }}' as period_kind,
        {{ period_start("'" ~ kind ~ "'", 'as_of_date') }} as period_start,
        as_of_date,
        start_date,
        currency,
        total_pnl,
        row_number() over (
            partition by account_id, {{ period_start("'" ~ kind ~ "'", 'as_of_date') }}
            order by as_of_date desc
        ) as recency
    from reports
    {{ "union all" if not loop.last }}
    {% endfor %}

),

bases as (

    select
        account_id,
        period_kind,
        period_start,
        lag(as_of_date) over series as base_on,
        lag(start_date) over series as base_start_date,
        lag(currency) over series as base_currency,
        lag(total_pnl) over series as base_total_pnl
    from closes
    where recency = 1
    window series as (partition by account_id, period_kind order by period_start)

),

final as (

    select
        nights.as_of_date,
        nights.account_id,
        nights.currency,
        nights.days_covered,
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
        case
            when nights.is_opening then {{ net_pnl('nights.') }}
            when nights.is_comparable
                then {{ difference(net_pnl('nights.'), net_pnl('nights.previous_')) }}
        end as net_pnl,
        nights.total_pnl as total_pnl_itd,
        nights.realized_pnl as realized_pnl_itd,
        nights.unrealized_pnl as unrealized_pnl_itd,
        nights.dividend_income as dividend_income_itd,
        nights.interest_income as interest_income_itd,
        nights.fees_paid as fees_paid_itd,
        nights.short_term_gains as short_term_gains_itd,
        nights.short_term_losses as short_term_losses_itd,
        nights.long_term_gains as long_term_gains_itd,
        nights.long_term_losses as long_term_losses_itd,
        {{ net_pnl('nights.') }} as net_pnl_itd,
        {{ to_date_value('months') }} as total_pnl_mtd,
        {{ to_date_value('quarters') }} as total_pnl_qtd,
        {{ to_date_value('years') }} as total_pnl_ytd,
        {{ to_date_since('months') }} as mtd_since,
        {{ to_date_since('quarters') }} as qtd_since,
        {{ to_date_since('years') }} as ytd_since,
        {{ difference('nights.total_pnl', 'nights.highest_total_pnl') }} as drawdown_amount,
        nights.is_mixed_vintage,
        nights.is_day_restated,
        nights.is_itd_restated,
        nights.response_id
    from nights
    {% for period_kind in ['month', 'quarter', 'year'] -%}
    left join bases as {{ period_kind }}s
        on nights.account_id = {{ period_kind }}s.account_id
        and {{ period_kind }}s.period_kind = '{{ period_kind }}'
        and {{ period_kind }}s.period_start = {{ period_start("'" ~ period_kind ~ "'", 'nights.as_of_date') }}
    {% endfor %}

)

select * from final
