{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

nights as (

    select * from {{ ref('int_pnl_nights') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}
    {%- endif %}

),

-- What figures to date are measured from.
bases as (

    select
        account_id,
        period_kind,
        period_start,
        previous_on as base_on,
        previous_start_date as base_start_date,
        previous_currency as base_currency,
        previous_total_pnl as base_total_pnl
    from {{ ref('int_pnl_periods') }}

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
