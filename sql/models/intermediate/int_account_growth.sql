{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- The growth of an account, night by night a factor times the growth of the night before. Where there is no factor it begins
-- anew, at 1.
-- depends_on: {{ ref('int_changes') }}

with recursive

changed as (

    select
        as_of_date,
        account_id,
        previous_on,
        growth_factor
    from {{ ref('int_account_returns') }} as returns
    where returns.equity is not null
        {% if is_incremental() -%}
        and {{ is_changed('returns.account_id', 'returns.as_of_date') }}
        {%- endif %}

),

chain as (

    select
        as_of_date,
        account_id,
        as_of_date as chained_since,
        cast(null as date) as previous_on,
        cast(0 as bigint) as sessions_missing,
        cast(1 as decimal(18, 12)) as growth,
        true as is_new
    from changed
    where growth_factor is null

    {% if is_incremental() -%}
    -- What the first new row goes on from: what has to be computed again is already gone.
    union all

    select
        known.as_of_date,
        known.account_id,
        known.chained_since,
        cast(null as date) as previous_on,
        known.sessions_missing,
        known.growth,
        false as is_new
    from {{ this }} as known
    inner join changed
        on known.account_id = changed.account_id
        and known.as_of_date = changed.previous_on

    {% endif -%}
    -- A step for each night. The last condition always holds: for it DuckDB takes the chain for the smaller side, and makes
    -- that one ready for the join at every step, not all nights, which it reads fastest from the table itself.
    union all

    select
        returns.as_of_date,
        returns.account_id,
        chain.chained_since,
        returns.previous_on,
        cast(0 as bigint) as sessions_missing,
        {{ decimal_or_null(
            decimal_or_null('chain.growth', 18, 12) ~ ' * ' ~ decimal_or_null('returns.growth_factor', 18, 12), 18, 12
        ) }} as growth,
        true as is_new
    from {{ 'changed' if is_incremental() else ref('int_account_returns') }} as returns
    inner join chain
        on returns.account_id = chain.account_id
        and returns.previous_on = chain.as_of_date
    where returns.growth_factor is not null
        and chain.as_of_date >= chain.chained_since

),

counted as (

    select
        chain.*,
        case
            when chain.previous_on is null then chain.sessions_missing
            else now_days.sessions_until - before_days.sessions_until - case when now_days.is_session then 1 else 0 end
        end as more_missing
    from chain
    left join {{ ref('dates') }} as now_days
        on chain.as_of_date = now_days.calendar_date
    left join {{ ref('dates') }} as before_days
        on chain.previous_on = before_days.calendar_date

),

added as (

    select
        *,
        sum(more_missing) over (
            partition by account_id, chained_since
            order by as_of_date
            rows between unbounded preceding and current row
        ) as all_missing
    from counted

),

final as (

    select
        as_of_date,
        account_id,
        chained_since,
        cast(all_missing as bigint) as sessions_missing,
        growth
    from added
    where is_new

)

select * from final
