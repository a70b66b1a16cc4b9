{{ config(severity='error', meta={'dagster': {'ref': {'name': 'pnl_daily'}}}) }}

-- With (unattributed), the items of an account are its P&L: of every measure, for the day and to date. Asked of what was
-- built tonight.
{% set measures = [
    ('pnl_by_position_daily', 'realized_pnl', 'realized_pnl'),
    ('pnl_by_position_daily', 'unrealized_pnl', 'unrealized_pnl'),
    ('pnl_by_position_daily', 'dividend_income', 'dividend_income'),
    ('pnl_by_asset_class_daily', 'pnl', 'total_pnl'),
] -%}

with

{% for mart, measure, whole in measures -%}
{{ measure }}_added as (

    select
        as_of_date,
        account_id,
        cast(sum({{ computable(measure) }}) as decimal(38, 9)) as figure,
        cast(sum({{ computable(measure ~ '_itd') }}) as decimal(38, 9)) as figure_itd
    from {{ ref(mart) }} as items
    where {{ is_changed('items.account_id', 'items.as_of_date') }}
    group by as_of_date, account_id

),

{% endfor -%}
changed as (

    select * from {{ ref('pnl_daily') }} as accounts
    where {{ is_changed('accounts.account_id', 'accounts.as_of_date') }}

),

compared as (

    {% for mart, measure, whole in measures -%}
    {% set is_last = loop.last -%}
    {% for suffix in ['', '_itd'] -%}
    select
        changed.as_of_date,
        changed.account_id,
        '{{ measure }}{{ suffix }}' as measure,
        changed.{{ whole }}{{ suffix }} as whole,
        added.figure{{ suffix }} as added
    from changed
    left join {{ measure }}_added as added
        on changed.as_of_date = added.as_of_date
        and changed.account_id = added.account_id
    {{ "union all" if not (is_last and loop.last) }}
    {% endfor -%}
    {% endfor %}

)

-- A figure beyond exact arithmetic has no remainder either.
select * from compared
where {{ computable('whole') }} is not null and (added is null or added <> whole)
