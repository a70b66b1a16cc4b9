{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- The log without the bodies, which stay in the warehouse: what a row's response_id leads to.
-- depends_on: {{ ref('int_new_nights') }}

with

final as (

    select
        response_id,
        answer_id,
        page,
        as_of_date,
        endpoint,
        account_id,
        portfolio_id,
        params,
        status,
        outcome,
        row_count,
        attempts,
        requested_at,
        received_at,
        error_code,
        error_message,
        run_id
    from {{ ref('stg_bluum__responses') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}

)

select * from final
