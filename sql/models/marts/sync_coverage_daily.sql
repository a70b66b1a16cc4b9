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

plan as (

    select * from {{ ref('stg_bluum__plan') }}
    {% if is_incremental() -%}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}

),

quarantine as (

    select * from {{ ref('stg_bluum__quarantine') }}

),

-- What was asked without a plan (the roster, a backfill) was expected too.
requests as (

    select as_of_date, endpoint, account_id, portfolio_id, params from plan
    union
    select as_of_date, endpoint, account_id, portfolio_id, params from responses

),

-- The answer that counts for a request: the newest good one, else the newest.
answered as (

    select
        as_of_date,
        endpoint,
        account_id,
        portfolio_id,
        params,
        outcome,
        row_number() over (
            partition by as_of_date, endpoint, account_id, portfolio_id, params
            order by is_good desc, answer_id desc, response_id
        ) as preference
    from responses

),

counted as (

    select
        requests.as_of_date,
        requests.endpoint,
        count(*) as expected,
        count(case when answered.outcome = 'ok' then 1 end) as ok,
        count(case when answered.outcome = 'absent' then 1 end) as absent,
        count(case when answered.outcome = 'disabled' then 1 end) as disabled,
        count(case when answered.outcome = 'failed' then 1 end) as failed,
        count(case when answered.outcome = 'rejected' then 1 end) as rejected
    from requests
    left join answered
        on requests.as_of_date = answered.as_of_date
        and requests.endpoint = answered.endpoint
        and requests.account_id is not distinct from answered.account_id
        and requests.portfolio_id is not distinct from answered.portfolio_id
        and requests.params is not distinct from answered.params
        and answered.preference = 1
    group by requests.as_of_date, requests.endpoint

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
