{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed(night='period_end') }}",
    )
}}

-- The last night of an account in a week, month, quarter or year, with the last one before that period.
-- depends_on: {{ ref('int_changes') }}

with

{% if is_incremental() -%}
-- What the first new row goes on from: what has to be computed again is already gone.
newest as (

    select
        account_id,
        period_kind,
        max(period_start) as period_start
    from {{ this }}
    group by account_id, period_kind

),

{% endif -%}
kinds as (

    {% for kind in ['week', 'month', 'quarter', 'year'] -%}
    select '{{ kind }}' as period_kind
    {{ "union all" if not loop.last }}
    {% endfor %}

),

dated as (

    select
        nights.account_id,
        nights.as_of_date,
        nights.response_id,
        nights.opened_on,
        nights.start_date,
        nights.currency,
        {% for measure in pnl_measures() -%}
        nights.{{ measure }},
        {% endfor -%}
        kinds.period_kind,
        {{ period_start('kinds.period_kind', 'nights.as_of_date') }} as period_start
    from {{ ref('int_pnl_nights') }} as nights
    cross join kinds

),

ended as (

    select
        *,
        {{ period_end('period_kind', 'period_start') }} as period_end
    from dated

),

ranked as (

    select
        *,
        count(*) over (partition by account_id, period_kind, period_start) as days_observed,
        row_number() over (partition by account_id, period_kind, period_start order by as_of_date desc) as recency
    from ended
    {% if is_incremental() -%}
    where {{ is_changed('ended.account_id', 'ended.period_end') }}
    {%- endif %}

),

periods as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        days_observed,
        as_of_date,
        response_id,
        opened_on,
        start_date,
        currency,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        {% endfor -%}
        true as is_new
    from ranked
    where recency = 1

    {% if is_incremental() -%}
    union all

    select
        known.account_id,
        known.period_kind,
        known.period_start,
        known.period_end,
        known.days_observed,
        known.as_of_date,
        known.response_id,
        known.opened_on,
        known.start_date,
        known.currency,
        {% for measure in pnl_measures() -%}
        known.{{ measure }},
        {% endfor -%}
        false as is_new
    from {{ this }} as known
    inner join newest
        on known.account_id = newest.account_id
        and known.period_kind = newest.period_kind
        and known.period_start = newest.period_start
    {%- endif %}

),

sequenced as (

    select
        *,
        {% for measure in pnl_measures() -%}
        lag({{ measure }}) over series as previous_{{ measure }},
        {% endfor -%}
        lag(as_of_date) over series as previous_on,
        lag(response_id) over series as previous_response_id,
        lag(start_date) over series as previous_start_date,
        lag(currency) over series as previous_currency
    from periods
    window series as (partition by account_id, period_kind order by period_start)

),

final as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        days_observed,
        as_of_date,
        response_id,
        opened_on,
        start_date,
        currency,
        {% for measure in pnl_measures() -%}
        {{ measure }},
        previous_{{ measure }},
        {% endfor -%}
        previous_on,
        previous_response_id,
        previous_start_date,
        previous_currency,
        coalesce(previous_on is null and opened_on >= period_start, false) as is_opening,
        {{ is_comparable() }} as is_comparable
    from sequenced
    where is_new

)

select * from final
