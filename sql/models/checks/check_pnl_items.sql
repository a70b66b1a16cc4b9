-- A report without items says nothing about its totals.
-- depends_on: {{ ref('int_changes') }}

with

reports as (

    select * from {{ ref('int_pnl_reports_ranked') }} as reports
    {% if is_incremental() -%}
    where {{ is_changed('reports.account_id', 'reports.as_of_date') }}
    {%- endif %}

),

current_reports as (

    select * from reports
    where is_current

),

by_position as (

    select
        reports.as_of_date,
        reports.account_id,
        reports.realized_pnl as reported_realized_pnl,
        reports.unrealized_pnl as reported_unrealized_pnl,
        reports.dividend_income as reported_dividend_income,
        cast(sum({{ computable('items.realized_pnl') }}) as decimal(38, 9)) as realized_pnl,
        cast(sum({{ computable('items.unrealized_pnl') }}) as decimal(38, 9)) as unrealized_pnl,
        cast(sum({{ computable('items.dividend_income') }}) as decimal(38, 9)) as dividend_income
    from current_reports as reports
    inner join {{ ref('stg_bluum__pnl_by_position') }} as items
        on reports.response_id = items.response_id
    group by
        reports.as_of_date,
        reports.account_id,
        reports.realized_pnl,
        reports.unrealized_pnl,
        reports.dividend_income

),

by_asset_class as (

    select
        reports.as_of_date,
        reports.account_id,
        reports.total_pnl as reported_total_pnl,
        cast(sum({{ computable('items.pnl') }}) as decimal(38, 9)) as pnl
    from current_reports as reports
    inner join {{ ref('stg_bluum__pnl_by_asset_class') }} as items
        on reports.response_id = items.response_id
    group by reports.as_of_date, reports.account_id, reports.total_pnl

),

compared as (

    select
        as_of_date,
        account_id,
        'pnl_by_position' as check_name,
        'realized_pnl' as entity,
        reported_realized_pnl as reported,
        realized_pnl as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_position
    where realized_pnl is not null and reported_realized_pnl is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_by_position' as check_name,
        'unrealized_pnl' as entity,
        reported_unrealized_pnl as reported,
        unrealized_pnl as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_position
    where unrealized_pnl is not null and reported_unrealized_pnl is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_by_position' as check_name,
        'dividend_income' as entity,
        reported_dividend_income as reported,
        dividend_income as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_position
    where dividend_income is not null and reported_dividend_income is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_by_asset_class' as check_name,
        'total_pnl' as entity,
        reported_total_pnl as reported,
        pnl as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from by_asset_class
    where pnl is not null and reported_total_pnl is not null

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
