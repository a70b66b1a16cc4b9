-- A report without the parts of a total says nothing about that total.
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

-- Days by which the window that a report names departs from the one that it was asked for.
windows as (

    select
        reports.as_of_date,
        reports.account_id,
        cast({{ days_between('answered.start_date', 'answered.reported_start_date') }} as decimal(38, 9)) as start_days,
        cast({{ days_between('answered.end_date', 'answered.reported_end_date') }} as decimal(38, 9)) as end_days
    from current_reports as reports
    inner join {{ ref('stg_bluum__pnl_reports') }} as answered
        on reports.response_id = answered.response_id

),

compared as (

    select
        as_of_date,
        account_id,
        'pnl_total' as check_name,
        'total_pnl' as entity,
        total_pnl as reported,
        cast({{ computable('realized_pnl') }} + {{ computable('unrealized_pnl') }} as decimal(38, 9)) as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from current_reports
    where total_pnl is not null and realized_pnl is not null and unrealized_pnl is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_net_realized' as check_name,
        'net_realized' as entity,
        net_realized as reported,
        cast(
            {{ computable('short_term_gains') }} + {{ computable('short_term_losses') }}
            + {{ computable('long_term_gains') }} + {{ computable('long_term_losses') }} as decimal(38, 9)
        ) as recomputed,
        {{ tolerance('parts_tolerance') }} as tolerance
    from current_reports
    where net_realized is not null
        and short_term_gains is not null
        and short_term_losses is not null
        and long_term_gains is not null
        and long_term_losses is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_window' as check_name,
        'start_date' as entity,
        start_days as reported,
        cast(0 as decimal(38, 9)) as recomputed,
        cast(0 as decimal(38, 9)) as tolerance
    from windows
    where start_days is not null

    union all

    select
        as_of_date,
        account_id,
        'pnl_window' as check_name,
        'end_date' as entity,
        end_days as reported,
        cast(0 as decimal(38, 9)) as recomputed,
        cast(0 as decimal(38, 9)) as tolerance
    from windows
    where end_days is not null

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
