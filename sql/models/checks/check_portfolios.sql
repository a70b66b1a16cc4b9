-- The totals of a portfolio's holdings and of its summary against their own parts; the two answers came at two moments.
-- depends_on: {{ ref('int_changes') }}

with

portfolios as (

    select * from {{ ref('portfolio_values_daily') }} as portfolios
    {% if is_incremental() -%}
    where {{ is_changed('portfolios.account_id', 'portfolios.as_of_date') }}
    {%- endif %}

),

summaries as (

    select * from {{ ref('stg_bluum__portfolio_summaries') }}

),

compared as (

    select
        as_of_date,
        account_id,
        'holdings_total' as check_name,
        portfolio_id as entity,
        reported_total_value as reported,
        total_value as recomputed
    from portfolios
    where reported_total_value is not null and total_value is not null

    union all

    select
        portfolios.as_of_date,
        portfolios.account_id,
        'summary_total' as check_name,
        portfolios.portfolio_id as entity,
        summaries.total_value as reported,
        {{ total('summaries.cash_value', 'summaries.positions_value') }} as recomputed
    from portfolios
    inner join summaries
        on portfolios.summary_response_id = summaries.response_id
        and portfolios.as_of_date = summaries.as_of_date
    where summaries.total_value is not null
        and summaries.cash_value is not null
        and summaries.positions_value is not null

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
    where {{ disagree('reported', 'recomputed', tolerance('parts_tolerance')) }}

)

select * from final
