{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

reports as (

    select * from {{ ref('int_pnl_reports_ranked') }} as reports
    where has_report
        {% if is_incremental() -%}
        and {{ is_changed('reports.account_id', 'reports.as_of_date') }}
        {%- endif %}

),

sequenced as (

    select
        account_id,
        as_of_date,
        response_id,
        currency,
        known_from as known_at,
        figures_key,
        lag(response_id) over series as previous_response_id,
        lag(figures_key) over series as previous_figures_key
    from reports
    window series as (partition by account_id, as_of_date order by response_id)

),

changed as (

    select *
    from sequenced
    where previous_response_id is not null and figures_key <> previous_figures_key

),

responses as (

    select response_id from changed
    union
    select previous_response_id from changed

),

figures as (

    {% for measure in [
        'total_pnl', 'realized_pnl', 'unrealized_pnl', 'dividend_income', 'interest_income', 'fees_paid',
        'short_term_gains', 'short_term_losses', 'long_term_gains', 'long_term_losses', 'net_realized',
    ] -%}
    select response_id, '{{ measure }}' as measure, {{ measure }} as figure from reports
    where response_id in (select responses.response_id from responses)
    union all
    {% endfor %}

    {% for kind, measure in [
        ('position', 'realized_pnl'), ('position', 'unrealized_pnl'), ('position', 'dividend_income'), ('asset_class', 'pnl'),
    ] -%}
    select
        response_id,
        'by_{{ kind }}.' || item || '.{{ measure }}' as measure,
        {{ added_up(measure) }} as figure
    from {{ ref('int_pnl_items') }}
    where item_kind = '{{ kind }}' and response_id in (select responses.response_id from responses)
    group by response_id, item
    {{ "union all" if not loop.last }}
    {% endfor %}

),

measures as (

    select
        changed.response_id,
        figures.measure
    from changed
    inner join figures
        on changed.response_id = figures.response_id

    union

    select
        changed.response_id,
        figures.measure
    from changed
    inner join figures
        on changed.previous_response_id = figures.response_id

),

compared as (

    select
        changed.account_id,
        changed.as_of_date,
        measures.measure,
        changed.currency,
        changed.known_at,
        earlier.figure as previous_value,
        later.figure as new_value
    from changed
    inner join measures
        on changed.response_id = measures.response_id
    left join figures as earlier
        on changed.previous_response_id = earlier.response_id
        and measures.measure = earlier.measure
    left join figures as later
        on changed.response_id = later.response_id
        and measures.measure = later.measure

),

final as (

    select
        account_id,
        as_of_date,
        measure,
        currency,
        known_at,
        previous_value,
        new_value
    from compared
    where previous_value is distinct from new_value

)

select * from final
