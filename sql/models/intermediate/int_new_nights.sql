{{ config(materialized='table') }}

-- Every night from the first one on that a new load speaks of. Most often that is tonight alone.

with

spoken_of as (

    {% for table in [
        'responses', 'plan', 'quarantine', 'policy_versions', 'policy_targets', 'policy_terms',
        'policy_history',
    ] -%}
    select as_of_date from {{ ref('stg_bluum__' ~ table) }}
    where load_id in (select loads.load_id from {{ ref('int_new_loads') }} as loads)
    {{ "union" if not loop.last }}
    {% endfor %}

),

nights as (

    select distinct as_of_date from {{ ref('stg_bluum__responses') }}
    union
    select as_of_date from spoken_of

),

final as (

    select as_of_date
    from nights
    where as_of_date >= (select min(spoken_of.as_of_date) from spoken_of)

)

select * from final
