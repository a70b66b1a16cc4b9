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

factors as (

    select
        returns.as_of_date,
        returns.account_id,
        returns.previous_on,
        returns.growth_factor,
        now_days.sessions_until - before_days.sessions_until - case when now_days.is_session then 1 else 0 end
            as sessions_missing
    from {{ ref('int_account_returns') }} as returns
    inner join {{ ref('dates') }} as now_days
        on returns.as_of_date = now_days.calendar_date
    left join {{ ref('dates') }} as before_days
        on returns.previous_on = before_days.calendar_date
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
        cast(0 as bigint) as sessions_missing,
        cast(1 as decimal(18, 12)) as growth,
        true as is_new
    from factors
    where growth_factor is null

    {% if is_incremental() -%}
    -- What the first new row goes on from: what has to be computed again is already gone.
    union all

    select
        known.as_of_date,
        known.account_id,
        known.chained_since,
        known.sessions_missing,
        known.growth,
        false as is_new
    from {{ this }} as known
    inner join factors
        on known.account_id = factors.account_id
        and known.as_of_date = factors.previous_on

    {% endif -%}
    union all

    select
        factors.as_of_date,
        factors.account_id,
        chain.chained_since,
        cast(chain.sessions_missing + factors.sessions_missing as bigint) as sessions_missing,
        {{ decimal_or_null(
            decimal_or_null('chain.growth', 18, 12) ~ ' * ' ~ decimal_or_null('factors.growth_factor', 18, 12), 18, 12
        ) }} as growth,
        true as is_new
    from chain
    inner join factors
        on chain.account_id = factors.account_id
        and chain.as_of_date = factors.previous_on
    where factors.growth_factor is not null

),

final as (

    select
        as_of_date,
        account_id,
        chained_since,
        sessions_missing,
        growth
    from chain
    where is_new

)

select * from final
