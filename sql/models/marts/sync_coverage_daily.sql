{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- depends_on: {{ ref('int_new_nights') }}

with

responses as (

    select * from {{ ref('int_responses_ranked') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}

),

quarantine as (

    select * from {{ ref('stg_bluum__quarantine') }}

),

counted as (

    select
        as_of_date,
        endpoint,
        count(*) as expected,
        count(case when outcome = 'ok' then 1 end) as ok,
        count(case when outcome = 'absent' then 1 end) as absent,
        count(case when outcome = 'disabled' then 1 end) as disabled,
        count(case when outcome = 'failed' then 1 end) as failed,
        count(case when outcome = 'rejected' then 1 end) as rejected
    from {{ ref('int_requests') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}
    group by as_of_date, endpoint

),

worked as (

    select
        as_of_date,
        endpoint,
        cast(sum(attempts) as bigint) as requests,
        cast(sum(attempts - 1) as bigint) as retries,
        cast(sum(rate_limited) as bigint) as rate_limited,
        min(requested_at) as started_at,
        max(received_at) as finished_at
    from responses
    group by as_of_date, endpoint

),

quarantined as (

    select
        responses.as_of_date,
        responses.endpoint,
        count(*) as quarantined_rows
    from quarantine
    inner join responses
        on quarantine.response_id = responses.response_id
        and quarantine.as_of_date = responses.as_of_date
    where responses.is_current
    group by responses.as_of_date, responses.endpoint

),

final as (

    select
        counted.as_of_date,
        counted.endpoint,
        counted.expected,
        counted.ok,
        counted.absent,
        counted.disabled,
        counted.failed,
        counted.rejected,
        coalesce(quarantined.quarantined_rows, 0) as quarantined_rows,
        coalesce(worked.requests, 0) as requests,
        coalesce(worked.retries, 0) as retries,
        coalesce(worked.rate_limited, 0) as rate_limited,
        worked.started_at,
        worked.finished_at,
        counted.expected = counted.ok + counted.absent + counted.disabled
            and coalesce(quarantined.quarantined_rows, 0) = 0 as is_complete
    from counted
    left join worked
        on counted.as_of_date = worked.as_of_date
        and counted.endpoint = worked.endpoint
    left join quarantined
        on counted.as_of_date = quarantined.as_of_date
        and counted.endpoint = quarantined.endpoint

)

select * from final
