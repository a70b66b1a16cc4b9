{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed(night='period_end') }}",
    )
}}

-- The way of an account's net P&L to date through a period. What is said of items is said by the rows of the same two
-- reports; what these do not tell of an item stays with (unattributed), so that items are their component to the digit.
-- depends_on: {{ ref('int_changes') }}
{%- set measures = [
    'total_pnl', 'realized_pnl', 'unrealized_pnl', 'dividend_income', 'interest_income', 'fees_paid',
] %}
{%- set by_item = ['realized_pnl', 'unrealized_pnl', 'dividend_income'] %}

with

periods as (

    select
        *,
        -- The figures that the period begins with: none of an account that opened within it.
        {% for measure in measures -%}
        case when is_opening then 0 else previous_{{ measure }} end as base_{{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('int_pnl_periods') }} as periods
    {% if is_incremental() -%}
    where {{ is_changed('periods.account_id', 'periods.period_end') }}
    {%- endif %}

),

told as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        as_of_date,
        previous_on,
        response_id,
        previous_response_id,
        currency,
        is_opening,
        {{ net_pnl('base_') }} as opening,
        {{ net_pnl('') }} as closing,
        {% for measure in measures -%}
        {{ difference(measure, 'base_' ~ measure) }} as {{ measure }},
        {% endfor -%}
        case
            when previous_on is null and not is_opening then 'no_earlier_report'
            when not is_opening and not (previous_currency is not distinct from currency) then 'another_currency'
            when not is_opening and not is_comparable then 'another_window'
            when {% for measure in measures -%}
            {{ measure }} is null or base_{{ measure }} is null{{ " or " if not loop.last }}
            {%- endfor %} then 'figure_not_reported'
            when {% for measure in measures -%}
            {{ computable(measure) }} is null or {{ computable('base_' ~ measure) }} is null{{ " or " if not loop.last }}
            {%- endfor %} then 'beyond_arithmetic'
        end as unknown_reason
    from periods

),

bridges as (

    select
        *,
        -- Differences of figures that fit in arithmetic fit once more.
        cast(total_pnl - realized_pnl - unrealized_pnl as decimal(38, 9)) as residual
    from told
    where unknown_reason is null

),

ended as (

    select
        bridges.account_id,
        bridges.period_kind,
        bridges.period_start,
        bridges.previous_on,
        closing.item,
        {% for measure in by_item -%}
        closing.{{ measure }}_itd as closing_{{ measure }},
        opening.{{ measure }}_itd as opening_{{ measure }},
        {% endfor -%}
        opening.item is not null as has_opening
    from bridges
    inner join {{ ref('int_pnl_items_daily') }} as closing
        on bridges.account_id = closing.account_id
        and bridges.as_of_date = closing.as_of_date
        and closing.item_kind = 'position'
    left join {{ ref('int_pnl_items_daily') }} as opening
        on bridges.account_id = opening.account_id
        and bridges.previous_on = opening.as_of_date
        and closing.item = opening.item
        and opening.item_kind = 'position'

),

-- An item that the opening report has no row of began within the period.
begun as (

    select distinct
        account_id,
        item
    from ended
    where not has_opening

),

first_nights as (

    select
        items.account_id,
        items.item,
        min(items.as_of_date) as first_on
    from {{ ref('int_pnl_items_daily') }} as items
    inner join begun
        on items.account_id = begun.account_id
        and items.item = begun.item
    where items.item_kind = 'position'
    group by items.account_id, items.item

),

-- What an item showed on its first night without having earned it that day; on an account's own first one, nothing.
firsts as (

    select
        items.account_id,
        items.item,
        items.as_of_date as first_on,
        {% for measure in by_item -%}
        case
            when items.days_covered is not null
                then {{ difference('items.' ~ measure ~ '_itd', 'coalesce(items.' ~ measure ~ ', 0)') }}
            else 0
        end as {{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('int_pnl_items_daily') }} as items
    inner join first_nights
        on items.account_id = first_nights.account_id
        and items.item = first_nights.item
        and items.as_of_date = first_nights.first_on
    where items.item_kind = 'position'

),

moved as (

    select
        ended.account_id,
        ended.period_kind,
        ended.period_start,
        ended.item,
        {% for measure in by_item -%}
        case
            when firsts.first_on > ended.previous_on or ended.previous_on is null
                then {{ difference('ended.closing_' ~ measure, 'firsts.' ~ measure) }}
            else {{ difference('ended.closing_' ~ measure, 'ended.opening_' ~ measure) }}
        end as {{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from ended
    left join firsts
        on ended.account_id = firsts.account_id
        and ended.item = firsts.item

),

added as (

    select
        account_id,
        period_kind,
        period_start,
        {% for measure in by_item -%}
        cast(sum({{ measure }}) as decimal(38, 9)) as {{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from moved
    group by account_id, period_kind, period_start

),

lines as (

    {% for measure in by_item -%}
    {% set place = {'realized_pnl': 2, 'unrealized_pnl': 3, 'dividend_income': 5}[measure] -%}
    select
        account_id,
        period_kind,
        period_start,
        {{ place }} as place,
        '{{ measure }}' as line,
        item,
        {{ measure }} as amount
    from moved
    where {{ measure }} <> 0

    union all

    select
        bridges.account_id,
        bridges.period_kind,
        bridges.period_start,
        {{ place }} as place,
        '{{ measure }}' as line,
        '(unattributed)' as item,
        cast(bridges.{{ measure }} - coalesce(added.{{ measure }}, 0) as decimal(38, 9)) as amount
    from bridges
    left join added
        on bridges.account_id = added.account_id
        and bridges.period_kind = added.period_kind
        and bridges.period_start = added.period_start

    union all

    {% endfor -%}
    {% set wholes = [
        (1, 'opening', 'opening'), (4, 'residual', 'residual'), (6, 'interest_income', 'interest_income'),
        (7, 'fees_paid', '-fees_paid'), (8, 'closing', 'closing'),
    ] -%}
    {% for place, line, amount in wholes -%}
    select
        account_id,
        period_kind,
        period_start,
        {{ place }} as place,
        '{{ line }}' as line,
        cast(null as {{ dbt.type_string() }}) as item,
        cast({{ amount }} as decimal(38, 9)) as amount
    from bridges

    union all

    {% endfor -%}
    select
        account_id,
        period_kind,
        period_start,
        1 as place,
        'not_told' as line,
        cast(null as {{ dbt.type_string() }}) as item,
        cast(null as decimal(38, 9)) as amount
    from told
    where unknown_reason is not null

),

final as (

    select
        lines.account_id,
        lines.period_kind,
        lines.period_start,
        cast(
            row_number() over (
                partition by lines.account_id, lines.period_kind, lines.period_start
                order by lines.place, case when lines.item = '(unattributed)' then 1 else 0 end, lines.item
            ) as bigint
        ) as line_number,
        told.period_end,
        told.currency,
        lines.line,
        lines.item,
        lines.amount,
        told.unknown_reason,
        completeness.is_complete,
        case when lines.line = 'opening' then told.previous_response_id else told.response_id end as response_id
    from lines
    inner join told
        on lines.account_id = told.account_id
        and lines.period_kind = told.period_kind
        and lines.period_start = told.period_start
    inner join {{ ref('pnl_periods') }} as completeness
        on lines.account_id = completeness.account_id
        and lines.period_kind = completeness.period_kind
        and lines.period_start = completeness.period_start

)

select * from final
