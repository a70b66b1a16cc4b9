{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

balances as (

    select * from {{ ref('portfolio_values_daily') }}

),

drifts as (

    select
        drift_changes.*,
        now_held.holdings_response_id,
        before_held.holdings_response_id as previous_holdings_response_id,
        case
            when now_held.positions_value is null then coalesce(now_held.unknown_reason, 'no_holdings')
            when before_held.positions_value is null then coalesce(before_held.unknown_reason, 'no_holdings')
        end as holdings_reason
    from {{ ref('int_drift_changes') }} as drift_changes
    left join balances as now_held
        on drift_changes.as_of_date = now_held.as_of_date
        and drift_changes.portfolio_id = now_held.portfolio_id
    left join balances as before_held
        on drift_changes.previous_on = before_held.as_of_date
        and drift_changes.portfolio_id = before_held.portfolio_id
    {% if is_incremental() -%}
    where {{ is_changed('drift_changes.account_id', 'drift_changes.as_of_date') }}
    {%- endif %}

),

moves as (

    select moves.*
    from {{ ref('int_holding_moves') }} as moves
    {% if is_incremental() -%}
    where {{ is_changed('moves.account_id', 'moves.as_of_date') }}
    {%- endif %}

),

-- Classes that are held under a name which the analysis does not use cannot be matched to its drift.
matched as (

    select
        moves.*,
        drifts.asset_class is null and (moves.value_before <> 0 or moves.value_now <> 0) as is_other_class
    from moves
    left join drifts
        on moves.as_of_date = drifts.as_of_date
        and moves.portfolio_id = drifts.portfolio_id
        and moves.asset_class = drifts.asset_class

),

portfolios as (

    select
        as_of_date,
        portfolio_id,
        count(case when is_other_class then 1 end) as other_classes,
        count(case when not is_valued then 1 end) as unvalued_classes,
        sum(value_before) as total_before,
        sum(value_at_new_prices) as total_at_new_prices,
        sum(value_now) as total_now,
        sum(greatest({{ difference('value_now', 'value_at_new_prices') }}, 0)) as bought,
        sum(least({{ difference('value_now', 'value_at_new_prices') }}, 0)) as sold
    from matched
    group by as_of_date, portfolio_id

),

valued as (

    select
        drifts.*,
        {{ difference('drifts.actual_percent', 'drifts.target_percent') }} as drift_percent,
        {{ difference('drifts.previous_actual_percent', 'drifts.previous_target_percent') }} as previous_drift_percent,
        portfolios.total_before,
        portfolios.total_at_new_prices,
        portfolios.total_now,
        portfolios.bought,
        portfolios.sold,
        coalesce(matched.value_before, 0) as value_before,
        coalesce(matched.value_at_new_prices, 0) as value_at_new_prices,
        coalesce(matched.value_now, 0) as value_now,
        case
            when drifts.previous_on is null then 'first_night'
            when drifts.holdings_reason is not null then drifts.holdings_reason
            when portfolios.other_classes > 0 then 'other_classes'
            when portfolios.unvalued_classes > 0 then 'unpriced_holding'
            when portfolios.total_before > 0 and portfolios.total_at_new_prices > 0 and portfolios.total_now > 0 then null
            else 'no_value'
        end as unknown_reason
    from drifts
    left join portfolios
        on drifts.as_of_date = portfolios.as_of_date
        and drifts.portfolio_id = portfolios.portfolio_id
    left join matched
        on drifts.as_of_date = matched.as_of_date
        and drifts.portfolio_id = matched.portfolio_id
        and drifts.asset_class = matched.asset_class

),

-- What all classes together bought beyond what they sold came from outside: it falls to those that bought, by how much they
-- did. What is left pays for itself.
traded as (

    select
        *,
        {{ difference('value_now', 'value_at_new_prices') }} - coalesce(
            case
                when total_now > total_at_new_prices
                    then {{ share_of(
                        difference('total_now', 'total_at_new_prices'),
                        ratio('greatest(' ~ difference('value_now', 'value_at_new_prices') ~ ', 0)', 'bought'),
                    ) }}
                when total_now < total_at_new_prices
                    then {{ share_of(
                        difference('total_now', 'total_at_new_prices'),
                        ratio('least(' ~ difference('value_now', 'value_at_new_prices') ~ ', 0)', 'sold'),
                    ) }}
            end,
            0
        ) as traded_value
    from valued

),

shares as (

    select
        *,
        {{ ratio('value_before', 'total_before', times=100) }} as share_before,
        {{ ratio('value_at_new_prices', 'total_at_new_prices', times=100) }} as share_at_new_prices,
        {{ ratio(total('value_at_new_prices', 'traded_value'), 'total_at_new_prices', times=100) }} as share_traded,
        {{ ratio('value_now', 'total_now', times=100) }} as share_now
    from traded

),

caused as (

    select
        *,
        {{ difference('drift_percent', 'previous_drift_percent') }} as change_points,
        {{ difference('previous_target_percent', 'target_percent') }} as policy_points,
        case when unknown_reason is null then {{ difference('share_at_new_prices', 'share_before') }} end as market_points,
        case when unknown_reason is null then {{ difference('share_traded', 'share_at_new_prices') }} end as trades_points,
        case when unknown_reason is null then {{ difference('share_now', 'share_traded') }} end as flows_points
    from shares

),

final as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        previous_on,
        previous_drift_percent,
        drift_percent,
        change_points,
        market_points,
        trades_points,
        flows_points,
        policy_points,
        {{ difference(
            difference('change_points', 'policy_points'),
            total(total('coalesce(market_points, 0)', 'coalesce(trades_points, 0)'), 'coalesce(flows_points, 0)'),
        ) }} as remainder_points,
        case when unknown_reason is null and change_points is null then 'not_told' else unknown_reason end as unknown_reason,
        response_id,
        previous_response_id,
        holdings_response_id,
        previous_holdings_response_id
    from caused

)

select * from final
