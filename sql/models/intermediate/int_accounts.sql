{{ config(materialized='table') }}

with

rosters as (

    select
        response_id,
        as_of_date
    from {{ ref('int_responses_ranked') }}
    where endpoint = 'accounts' and is_current

),

listed as (

    select
        accounts.*,
        min(rosters.as_of_date) over (partition by accounts.account_id) as first_seen_on,
        max(case when lower(coalesce(accounts.status, '')) <> 'closed' then rosters.as_of_date end) over (
            partition by accounts.account_id
        ) as last_open_on,
        row_number() over (partition by accounts.account_id order by accounts.response_id desc) as recency
    from {{ ref('stg_bluum__accounts') }} as accounts
    inner join rosters
        on accounts.response_id = rosters.response_id

),

-- An account that opened again was never closed.
dated as (

    select
        *,
        min(case when as_of_date > last_open_on or last_open_on is null then as_of_date end) over (
            partition by account_id
        ) as closed_on
    from listed

),

final as (

    select
        account_id,
        account_number_last4,
        status,
        account_type,
        management_type,
        currency,
        opened_on,
        closed_on,
        first_seen_on,
        as_of_date as last_seen_on
    from dated
    where recency = 1

)

select * from final
