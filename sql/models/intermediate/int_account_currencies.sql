{{ config(materialized='table') }}

-- What a currency an account had, as the rosters said night by night: a row for each change. The first holds for all days
-- before it, too, and the last goes on.

with

rosters as (

    select response_id
    from {{ ref('int_responses_ranked') }}
    where endpoint = 'accounts' and is_current

),

said as (

    select
        account_id,
        as_of_date,
        currency,
        lag(currency) over (partition by account_id order by response_id) as previous_currency,
        row_number() over (partition by account_id order by response_id) as place
    from {{ ref('stg_bluum__accounts') }}
    where response_id in (select rosters.response_id from rosters)

),

final as (

    select
        account_id,
        currency,
        case when place > 1 then as_of_date end as said_from,
        lead(as_of_date) over (partition by account_id order by place) as said_to
    from said
    where place = 1 or currency is distinct from previous_currency

)

select * from final
