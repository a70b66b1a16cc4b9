{{ config(materialized='table') }}

-- Every day with the sessions of the New York market: weekdays but its holidays.
{%- set kinds = ['week', 'month', 'quarter', 'year'] %}

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

periods as (

    select
        *,
        {{ weekday_number('calendar_date') }} as weekday_number,
        {% for kind in kinds -%}
        {{ period_start("'" ~ kind ~ "'", 'calendar_date') }} as {{ kind }}_start
        {{- "," if not loop.last }}
        {% endfor %}
    from marked

),

final as (

    select
        calendar_date,
        is_session,
        max(case when is_session then calendar_date end) over upto as last_session_on,
        count(case when is_session then 1 end) over upto as sessions_until,
        cast(weekday_number as bigint) as weekday_number,
        case weekday_number
            when 1 then 'Monday'
            when 2 then 'Tuesday'
            when 3 then 'Wednesday'
            when 4 then 'Thursday'
            when 5 then 'Friday'
            when 6 then 'Saturday'
            when 7 then 'Sunday'
        end as weekday_name,
        -- A week belongs to the year in which its Thursday lies.
        {{ part_of('year', days_after('week_start', 3)) }} as iso_year,
        {{ part_of('week', 'calendar_date') }} as iso_week,
        {{ part_of('month', 'calendar_date') }} as month_number,
        {{ part_of('quarter', 'calendar_date') }} as quarter_number,
        {{ part_of('year', 'calendar_date') }} as year_number,
        {% for kind in kinds -%}
        {{ kind }}_start,
        {{ period_end("'" ~ kind ~ "'", kind ~ '_start') }} as {{ kind }}_end,
        {% endfor -%}
        {% for kind in kinds -%}
        is_session and row_number() over (partition by {{ kind }}_start, is_session order by calendar_date desc) = 1
            as is_last_session_of_{{ kind }}
        {{- "," if not loop.last }}
        {% endfor %}
    from periods
    window upto as (order by calendar_date rows between unbounded preceding and current row)

)

select * from final
