{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_new_nights() }}",
    )
}}

-- What a night asked or should have asked, each with the outcome of the answer that counts (null: there is none). Expected
-- is what was planned, what was asked without a plan (the roster, a backfill), and what earlier nights knew to exist when
-- the list that leads to it could not be had.
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

rosters as (

    select
        as_of_date,
        response_id
    from {{ ref('int_responses_ranked') }}
    where endpoint = 'accounts' and is_current

),

-- Nights that asked for a roster and got no good one, with the last one before each. A day of backfill alone asks for none.
without_roster as (

    select
        nights.as_of_date,
        max(rosters.as_of_date) as known_on
    from (
        select distinct responses.as_of_date
        from responses
        where responses.endpoint = 'accounts'
    ) as nights
    inner join rosters
        on nights.as_of_date >= rosters.as_of_date
    group by nights.as_of_date
    having max(rosters.as_of_date) < nights.as_of_date

),

known_accounts as (

    select distinct
        without_roster.as_of_date,
        accounts.account_id
    from without_roster
    inner join rosters
        on without_roster.known_on = rosters.as_of_date
    inner join {{ ref('stg_bluum__accounts') }} as accounts
        on rosters.response_id = accounts.response_id
    where lower(coalesce(accounts.status, '')) <> 'closed'

),

-- Accounts whose portfolios were not listed.
without_list as (

    select
        as_of_date,
        account_id
    from known_accounts

    union

    select
        plan.as_of_date,
        plan.account_id
    from plan
    left join responses
        on plan.as_of_date = responses.as_of_date
        and plan.account_id = responses.account_id
        and responses.endpoint = 'portfolios'
        and responses.is_current
    where plan.endpoint = 'portfolios' and responses.response_id is null

),

mentioned as (

    {% for table, endpoint in [('portfolios', 'portfolios'), ('account_portfolios', 'accounts')] -%}
    select
        mentions.as_of_date,
        mentions.account_id,
        mentions.portfolio_id
    from {{ ref('stg_bluum__' ~ table) }} as mentions
    inner join {{ ref('int_responses_ranked') }} as answers
        on mentions.response_id = answers.response_id
    where answers.endpoint = '{{ endpoint }}' and answers.is_current
        and mentions.account_id in (select without_list.account_id from without_list)
    {{ "union" if not loop.last }}
    {% endfor %}

),

last_mentions as (

    select
        without_list.as_of_date,
        without_list.account_id,
        max(mentioned.as_of_date) as known_on
    from without_list
    inner join mentioned
        on without_list.account_id = mentioned.account_id
        and without_list.as_of_date >= mentioned.as_of_date
    group by without_list.as_of_date, without_list.account_id

),

requests as (

    select as_of_date, endpoint, account_id, portfolio_id, params from plan
    union
    select as_of_date, endpoint, account_id, portfolio_id, params from responses

),

-- What the rosters told to ask of accounts.
asked_of_accounts as (

    select distinct
        as_of_date,
        endpoint
    from {{ ref('stg_bluum__plan') }}
    where endpoint in ('positions', 'portfolios', 'investment_policy', 'pnl')

),

-- What was asked of portfolios, the last time that any was.
asked_of_portfolios as (

    select distinct
        as_of_date,
        endpoint
    from {{ ref('stg_bluum__plan') }}
    where portfolio_id is not null and endpoint <> 'performance_backfill'

),

asked_last as (

    select
        without_list.as_of_date,
        coalesce(max(asked.as_of_date), cast('1900-01-01' as date)) as asked_on
    from (select distinct without_list.as_of_date from without_list) as without_list
    left join asked_of_portfolios as asked
        on without_list.as_of_date >= asked.as_of_date
    group by without_list.as_of_date

),

known as (

    select
        known_accounts.as_of_date,
        rosters_plan.endpoint,
        known_accounts.account_id,
        cast(null as {{ dbt.type_string() }}) as portfolio_id
    from known_accounts
    inner join without_roster
        on known_accounts.as_of_date = without_roster.as_of_date
    inner join asked_of_accounts as rosters_plan
        on without_roster.known_on = rosters_plan.as_of_date
    union
    select
        last_mentions.as_of_date,
        coalesce(asked.endpoint, 'rebalancing') as endpoint,
        mentioned.account_id,
        mentioned.portfolio_id
    from last_mentions
    inner join mentioned
        on last_mentions.account_id = mentioned.account_id
        and last_mentions.known_on = mentioned.as_of_date
    inner join asked_last
        on last_mentions.as_of_date = asked_last.as_of_date
    left join asked_of_portfolios as asked
        on asked_last.asked_on = asked.as_of_date

),

expected as (

    select * from requests

    union all

    select
        known.as_of_date,
        known.endpoint,
        known.account_id,
        known.portfolio_id,
        cast(null as {{ dbt.type_string() }}) as params
    from known
    left join requests
        on known.as_of_date = requests.as_of_date
        and known.endpoint = requests.endpoint
        and known.account_id = requests.account_id
        and (known.portfolio_id is not distinct from requests.portfolio_id)
    where requests.endpoint is null

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
        is_good,
        response_id,
        row_number() over (
            partition by as_of_date, endpoint, account_id, portfolio_id, params
            order by is_good desc, answer_id desc, response_id
        ) as preference
    from responses

),

final as (

    select
        expected.as_of_date,
        expected.endpoint,
        expected.account_id,
        expected.portfolio_id,
        expected.params,
        answered.outcome,
        coalesce(answered.is_good, false) as is_good,
        answered.response_id
    from expected
    left join answered
        on expected.as_of_date = answered.as_of_date
        and expected.endpoint = answered.endpoint
        and (expected.account_id is not distinct from answered.account_id)
        and (expected.portfolio_id is not distinct from answered.portfolio_id)
        and (expected.params is not distinct from answered.params)
        and answered.preference = 1

)

select * from final
