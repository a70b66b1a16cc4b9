-- The unrealized P&L of a report against that of the positions, where all of them are in the account's currency and tell it.
-- depends_on: {{ ref('int_changes') }}

with

nights as (

    select * from {{ ref('pnl_daily') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}
    {%- endif %}

),

positions as (

    select
        as_of_date,
        account_id,
        min(currency) as currency,
        cast(sum({{ computable('unrealized_pl') }}) as decimal(38, 9)) as unrealized_pl
    from {{ ref('positions_daily') }} as positions
    {% if is_incremental() -%}
    where {{ is_changed('positions.account_id', 'positions.as_of_date') }}
    {%- endif %}
    group by as_of_date, account_id
    having count(*) = count({{ computable('unrealized_pl') }})
        and min(currency) = max(currency)
        and count(*) = count(currency)

),

compared as (

    select
        nights.as_of_date,
        nights.account_id,
        'unrealized_pnl' as check_name,
        'unrealized_pnl' as entity,
        nights.unrealized_pnl_itd as reported,
        positions.unrealized_pl as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from nights
    inner join positions
        on nights.as_of_date = positions.as_of_date
        and nights.account_id = positions.account_id
        and nights.currency = positions.currency
    where nights.unrealized_pnl_itd is not null

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
