{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- What the positions of a night say of a symbol. Where they say different things, nothing is told but that they do.
-- depends_on: {{ ref('int_new_nights') }}
{%- set attributes = ['asset_id', 'instrument_class', 'currency', 'country'] %}

with

positions as (

    select
        positions.as_of_date,
        positions.symbol,
        {% for attribute in attributes -%}
        positions.{{ attribute }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('stg_bluum__positions') }} as positions
    inner join {{ ref('int_responses_ranked') }} as answers
        on positions.response_id = answers.response_id
        and positions.as_of_date = answers.as_of_date
    where answers.is_current and positions.symbol is not null
        {% if is_incremental() -%}
        and {{ is_new_night('positions.as_of_date') }}
        {%- endif %}

),

final as (

    select
        as_of_date,
        symbol,
        {% for attribute in attributes -%}
        case when count(distinct {{ attribute }}) = 1 then max({{ attribute }}) end as {{ attribute }},
        {% endfor -%}
        {% for attribute in attributes -%}
        count(distinct {{ attribute }}) > 1{{ " or " if not loop.last }}
        {%- endfor %} as is_ambiguous
    from positions
    group by as_of_date, symbol

)

select * from final
