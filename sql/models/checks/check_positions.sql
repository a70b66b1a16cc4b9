-- A missing figure leaves nothing to compare; a product too large to compute is null and will show.
-- depends_on: {{ ref('int_changes') }}

with

positions as (

    select * from {{ ref('positions_daily') }} as positions
    {% if is_incremental() -%}
    where {{ is_changed('positions.account_id', 'positions.as_of_date') }}
    {%- endif %}

),

compared as (

    select
        as_of_date,
        account_id,
        'position_market_value' as check_name,
        position_id as entity,
        market_value as reported,
        {{ product('quantity', 'current_price') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where market_value is not null and quantity is not null and current_price is not null

    union all

    select
        as_of_date,
        account_id,
        'position_cost' as check_name,
        position_id as entity,
        total_cost_basis as reported,
        {{ product('quantity', 'average_cost_basis') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where total_cost_basis is not null and quantity is not null and average_cost_basis is not null

    union all

    select
        as_of_date,
        account_id,
        'position_unrealized_pl' as check_name,
        position_id as entity,
        unrealized_pl as reported,
        {{ difference('market_value', 'total_cost_basis') }} as recomputed,
        {{ tolerance('money_tolerance') }} as tolerance
    from positions
    where unrealized_pl is not null and market_value is not null and total_cost_basis is not null

),

final as (

    select
        as_of_date,
        account_id,
        check_name,
        entity,
        reported,
        recomputed,
        {{ difference('reported', 'recomputed') }} as difference
    from compared
    where {{ disagree('reported', 'recomputed', 'tolerance') }}

)

select * from final
