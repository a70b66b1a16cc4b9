with

reports as (

    select * from {{ ref('int_pnl_reports_ranked') }}
    where is_current and has_report

),

kinds as (

    select 'week' as period_kind
    union all
    select 'month' as period_kind
    union all
    select 'quarter' as period_kind
    union all
    select 'year' as period_kind

),

dated as (

    select
        reports.*,
        kinds.period_kind,
        {{ period_start('kinds.period_kind', 'reports.as_of_date') }} as period_start
    from reports
    cross join kinds

),

ranked as (

    select
        *,
        count(*) over (partition by account_id, period_kind, period_start) as days_observed,
        row_number() over (partition by account_id, period_kind, period_start order by as_of_date desc) as recency
    from dated

),

sequenced as (

    select
        *,
        lag(as_of_date) over periods as previous_on,
        lag(start_date) over periods as previous_start_date,
        lag(total_pnl) over periods as previous_total_pnl,
        lag(realized_pnl) over periods as previous_realized_pnl,
        lag(unrealized_pnl) over periods as previous_unrealized_pnl,
        lag(dividend_income) over periods as previous_dividend_income,
        lag(interest_income) over periods as previous_interest_income,
        lag(fees_paid) over periods as previous_fees_paid
    from ranked
    where recency = 1
    window periods as (partition by account_id, period_kind order by period_start)

),

compared as (

    select
        *,
        {{ period_end('period_kind', 'period_start') }} as period_end,
        coalesce(previous_on is null and opened_on >= period_start, false) as is_opening,
        previous_on is not null and (previous_start_date is not distinct from start_date) as is_comparable
    from sequenced

),

final as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        {{ day_value('total_pnl') }} as total_pnl,
        {{ day_value('realized_pnl') }} as realized_pnl,
        {{ day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ day_value('dividend_income') }} as dividend_income,
        {{ day_value('interest_income') }} as interest_income,
        {{ day_value('fees_paid') }} as fees_paid,
        days_observed,
        as_of_date >= {{ weekday_on_or_before('period_end') }}
            and (
                is_opening
                or (is_comparable and previous_on >= {{ weekday_on_or_before(days_after('period_start', -1)) }})
            ) as is_complete
    from compared

)

select * from final
