{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

rosters as (

    select
        as_of_date,
        response_id,
        is_current
    from {{ ref('int_responses_ranked') }}
    where endpoint = 'accounts'

),

-- The nights on which a sync ran.
nights as (

    select distinct as_of_date from rosters

),

-- The pages of a roster that shifted while it was read may name an account twice: the later reading counts.
listed as (

    select
        accounts.*,
        row_number() over (
            partition by accounts.as_of_date, accounts.account_id
            order by accounts.response_id desc
        ) as recency
    from {{ ref('stg_bluum__accounts') }} as accounts
    inner join rosters
        on accounts.response_id = rosters.response_id
    where rosters.is_current
        {% if is_incremental() -%}
        and {{ is_changed('accounts.account_id', 'accounts.as_of_date') }}
        {%- endif %}

),

known as (

    select * from {{ ref('int_accounts') }}

),

expected as (

    select
        nights.as_of_date,
        known.account_id,
        known.closed_on
    from known
    inner join nights
        on known.first_seen_on <= nights.as_of_date
    {% if is_incremental() -%}
    where {{ is_changed('known.account_id', 'nights.as_of_date') }}
    {%- endif %}

),

-- What came of an endpoint's requests: the worst that any of them came to.
outcomes as (

    select
        as_of_date,
        account_id,
        {% for endpoint in [
            'positions', 'portfolios', 'rebalancing', 'holdings', 'summary', 'performance', 'investment_policy', 'pnl',
        ] -%}
        {{ worst_outcome(endpoint) }} as {{ endpoint }}_outcome,
        {% endfor -%}
        count(case when not is_good then 1 end) as missing
    from {{ ref('int_requests') }} as requests
    where endpoint not in ('accounts', 'pnl_backfill', 'performance_backfill')
        {% if is_incremental() -%}
        and {{ is_changed('requests.account_id', 'requests.as_of_date') }}
        {%- endif %}
    group by as_of_date, account_id

),

-- Nights of which something could not be read.
unread as (

    select distinct
        as_of_date,
        account_id
    from {{ ref('int_quarantined') }}
    where is_current and endpoint not in ('pnl_backfill', 'performance_backfill')

),

-- The version that Bluum called the current one: the one it answered with when no other was asked for.
called as (

    select
        answers.as_of_date,
        answers.account_id,
        max(bodies.ips_id) as ips_id,
        max(bodies.version) as version
    from {{ ref('int_responses_ranked') }} as answers
    inner join {{ ref('stg_bluum__policy_versions') }} as bodies
        on answers.response_id = bodies.response_id
    where answers.endpoint = 'investment_policy' and answers.is_current
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}
    group by answers.as_of_date, answers.account_id

),

versions as (

    select * from {{ ref('int_policy_versions_dated') }}
    where known_to is null

),

final as (

    select
        expected.as_of_date,
        expected.account_id,
        listed.account_id is not null as is_listed,
        listed.status,
        listed.currency,
        listed.balance,
        listed.opened_on,
        outcomes.positions_outcome,
        outcomes.portfolios_outcome,
        outcomes.rebalancing_outcome,
        outcomes.holdings_outcome,
        outcomes.summary_outcome,
        outcomes.performance_outcome,
        outcomes.investment_policy_outcome,
        outcomes.pnl_outcome,
        listed.account_id is not null and coalesce(outcomes.missing, 0) = 0 and unread.account_id is null as is_complete,
        versions.ips_id,
        versions.version as policy_version,
        called.ips_id as called_ips_id,
        called.version as called_policy_version,
        listed.response_id
    from expected
    left join listed
        on expected.as_of_date = listed.as_of_date
        and expected.account_id = listed.account_id
        and listed.recency = 1
    left join outcomes
        on expected.as_of_date = outcomes.as_of_date
        and expected.account_id = outcomes.account_id
    left join unread
        on expected.as_of_date = unread.as_of_date
        and expected.account_id = unread.account_id
    left join called
        on expected.as_of_date = called.as_of_date
        and expected.account_id = called.account_id
    left join versions
        on expected.account_id = versions.account_id
        and {{ in_force('expected.as_of_date', 'versions') }}
    -- A closed account is asked until a night has had all of it.
    where expected.closed_on is null
        or expected.as_of_date <= expected.closed_on
        or outcomes.account_id is not null

)

select * from final
