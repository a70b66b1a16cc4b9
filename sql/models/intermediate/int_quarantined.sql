{{ config(materialized='table') }}

-- The answers of which a row waits in quarantine, and the table that it is missing from: what is read there is a part.

with

quarantine as (

    select distinct
        response_id,
        as_of_date,
        table_name
    from {{ ref('stg_bluum__quarantine') }}

),

final as (

    select
        quarantine.response_id,
        quarantine.as_of_date,
        quarantine.table_name,
        answers.endpoint,
        answers.account_id,
        answers.is_current
    from quarantine
    inner join {{ ref('int_responses_ranked') }} as answers
        on quarantine.response_id = answers.response_id
        and quarantine.as_of_date = answers.as_of_date

)

select * from final
