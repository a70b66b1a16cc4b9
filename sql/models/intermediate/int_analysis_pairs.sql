{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- Every analysis of a portfolio with the one before it: between the two, its drift has changed.
-- depends_on: {{ ref('int_changes') }}

with

analyses as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        lag(as_of_date) over series as previous_on,
        lag(response_id) over series as previous_response_id
    from {{ ref('int_analyses_dated') }}
    where outcome = 'ok'
    window series as (partition by portfolio_id order by as_of_date)

),

final as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        response_id,
        previous_on,
        previous_response_id
    from analyses
    {% if is_incremental() -%}
    where {{ is_changed('analyses.account_id', 'analyses.as_of_date') }}
    {%- endif %}

)

select * from final
