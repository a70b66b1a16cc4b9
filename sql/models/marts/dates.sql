{{ config(materialized='table') }}

-- Every day with the sessions of the New York market: weekdays but its holidays.

with

digits as (

    {% for digit in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] -%}
    select {{ digit }} as digit
    {{ "union all" if not loop.last }}
    {% endfor %}

),

numbers as (

    select
        ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit + 10000 * ten_thousands.digit
            as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands
    where ten_thousands.digit <= 1

),

days as (

    select {{ days_after("cast('2000-01-01' as date)", 'number') }} as calendar_date
    from numbers
    where number < {{ days_between("cast('2000-01-01' as date)", "cast('2036-01-01' as date)") }}

),

marked as (

    select
        days.calendar_date,
        {{ weekday_number('days.calendar_date') }} <= 5 and holidays.holiday is null as is_session
    from days
    left join {{ ref('int_market_holidays') }} as holidays
        on days.calendar_date = holidays.holiday

),

final as (

    select
        calendar_date,
        is_session,
        max(case when is_session then calendar_date end) over upto as last_session_on,
        count(case when is_session then 1 end) over upto as sessions_until
    from marked
    window upto as (order by calendar_date rows between unbounded preceding and current row)

)

select * from final
