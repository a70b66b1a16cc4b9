{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What an account earned between two nights on which its equity is known, and by which factor that made it grow: money that
-- came or went is taken to have done so at the end of the later one.
-- depends_on: {{ ref('int_changes') }}

with

sequenced as (

    select
        *,
        max(case when equity is not null then as_of_date end) over (
            partition by account_id
            order by as_of_date
            rows between unbounded preceding and 1 preceding
        ) as previous_on
    from {{ ref('int_account_equity') }}

),

equities as (

    select * from sequenced
    {% if is_incremental() -%}
    where {{ is_changed('sequenced.account_id', 'sequenced.as_of_date') }}
    {%- endif %}

),

reports as (

    select
        account_id,
        as_of_date,
        start_date,
        currency,
        {{ net_pnl() }} as net_pnl
    from {{ ref('int_pnl_nights') }}

),

flows as (

    select
        as_of_date,
        account_id,
        portfolio_id,
        performance_start_date,
        {{ difference('net_contributions_itd', 'net_withdrawals_itd') }} as net_flow_itd
    from {{ ref('portfolio_values_daily') }}

),

-- What the performance reports say of flows between the two nights, where every portfolio's does on both.
reported as (

    select
        equities.as_of_date,
        equities.account_id,
        case
            when count({{ difference('now_told.net_flow_itd', 'before_told.net_flow_itd') }}) = max(equities.portfolios)
                then cast(
                    sum({{ difference('now_told.net_flow_itd', 'before_told.net_flow_itd') }}) as decimal(38, 9)
                )
        end as reported_flow
    from equities
    inner join flows as now_told
        on equities.account_id = now_told.account_id
        and equities.as_of_date = now_told.as_of_date
    inner join flows as before_told
        on now_told.portfolio_id = before_told.portfolio_id
        and now_told.account_id = before_told.account_id
        and equities.previous_on = before_told.as_of_date
        and now_told.performance_start_date = before_told.performance_start_date
    group by equities.as_of_date, equities.account_id

),

joined as (

    select
        equities.*,
        before.equity as previous_equity,
        case when before.portfolios = equities.portfolios then reported.reported_flow end as reported_flow,
        case
            when now_reported.start_date = before_reported.start_date
                and (now_reported.currency is not distinct from before_reported.currency)
                and (now_reported.currency is not distinct from equities.currency)
                then {{ difference('now_reported.net_pnl', 'before_reported.net_pnl') }}
        end as net_pnl
    from equities
    left join {{ ref('int_account_equity') }} as before
        on equities.account_id = before.account_id
        and equities.previous_on = before.as_of_date
        and equities.currency = before.currency
    left join reports as now_reported
        on equities.account_id = now_reported.account_id
        and equities.as_of_date = now_reported.as_of_date
    left join reports as before_reported
        on equities.account_id = before_reported.account_id
        and equities.previous_on = before_reported.as_of_date
    left join reported
        on equities.account_id = reported.account_id
        and equities.as_of_date = reported.as_of_date

),

final as (

    select
        as_of_date,
        account_id,
        currency,
        source,
        portfolio_id,
        cash,
        positions_value,
        equity,
        case
            when unknown_reason is not null then unknown_reason
            when previous_on is null then 'first_night'
            when previous_equity is null then 'other_currency'
            when net_pnl is null then 'no_pnl'
            when previous_equity <= 0 then 'no_value'
        end as unknown_reason,
        previous_on,
        previous_equity,
        case when equity is not null then net_pnl end as net_pnl,
        case when equity is not null then reported_flow end as reported_flow,
        case
            when equity is not null and previous_equity > 0
                then {{ decimal_or_null(
                    '1 + ' ~ ratio(decimal_or_null('net_pnl', 24, 9), 'previous_equity', times=1000000) ~ ' * 0.000001', 18, 12
                ) }}
        end as growth_factor
    from joined

)

select * from final
