{{ config(materialized='table') }}

-- Which accounts have to be computed again, and from which night on: the first night that a new load speaks of. Each cause
-- is a CTE. A night that only repeats what was known before costs its own night and no other.

with recursive

new_loads as (

    select load_id from {{ ref('int_new_loads') }}

),

-- New answers. A report speaks of its end date, whichever night it was asked.
answered as (

    select
        account_id,
        coalesce(end_date, as_of_date) as changed_from
    from {{ ref('stg_bluum__responses') }}
    where load_id in (select new_loads.load_id from new_loads)

),

-- Rows read again later than their answer.
read_again as (

    {% for table in [
        'positions', 'rebalancing', 'rebalancing_allocations', 'rebalancing_trades', 'portfolio_summaries',
        'portfolio_summary_shares', 'portfolio_holdings', 'holdings', 'quarantine',
    ] -%}
    select account_id, as_of_date as changed_from from {{ ref('stg_bluum__' ~ table) }}
    where load_id in (select new_loads.load_id from new_loads)
    union all
    {% endfor -%}
    {% for table in [
        'pnl_reports', 'pnl_by_position', 'pnl_by_asset_class', 'performance_reports', 'performance_values',
    ] -%}
    select account_id, end_date as changed_from from {{ ref('stg_bluum__' ~ table) }}
    where load_id in (select new_loads.load_id from new_loads)
    {{ "union all" if not loop.last }}
    {% endfor -%}

),

-- A policy that reads otherwise than before may have been in force on any night.
policies as (

    select
        account_id,
        cast(null as date) as changed_from
    from {{ ref('int_policy_readings') }}
    where load_id in (select new_loads.load_id from new_loads)

    -- Part of an older answer, read later than the rest.
    {% for table in ['policy_versions', 'policy_targets', 'policy_terms', 'policy_history'] -%}
    union all
    select
        late.account_id,
        cast(null as date) as changed_from
    from {{ ref('stg_bluum__' ~ table) }} as late
    inner join {{ ref('int_responses_ranked') }} as answers
        on late.response_id = answers.response_id
    where late.load_id in (select new_loads.load_id from new_loads) and late.load_id <> answers.load_id
    {% endfor %}

),

-- So may the currency and the opening day of an account, which P&L is measured by, and its closing, which may be taken back;
-- a roster that is no good says nothing.
rosters as (

    select
        accounts.account_id,
        accounts.load_id,
        accounts.currency,
        accounts.opened_on,
        lower(accounts.status) = 'closed' as is_closed,
        lag(lower(accounts.status) = 'closed') over series as was_closed,
        lag(accounts.currency) over series as previous_currency,
        lag(accounts.opened_on) over series as previous_opened_on
    from {{ ref('stg_bluum__accounts') }} as accounts
    inner join {{ ref('int_responses_ranked') }} as answers
        on accounts.response_id = answers.response_id
    where answers.is_good
    window series as (partition by accounts.account_id order by accounts.response_id)

),

accounts as (

    select
        account_id,
        cast(null as date) as changed_from
    from rosters
    where load_id in (select new_loads.load_id from new_loads)
        and (
            currency is distinct from previous_currency
            or opened_on is distinct from previous_opened_on
            or was_closed and is_closed is distinct from was_closed
        )

),

first_roster as (

    select min(changed_from) as changed_from
    from answered
    where account_id is null

),

-- A roster speaks of every account that any roster has listed, whether it names it or not.
everybody as (

    select distinct
        rosters.account_id,
        first_roster.changed_from
    from rosters
    cross join first_roster
    where first_roster.changed_from is not null

),

changed as (

    select * from everybody
    union all
    select * from answered
    union all
    select * from read_again
    union all
    select * from policies
    union all
    select * from accounts

),

dated as (

    select
        account_id,
        min(coalesce(changed_from, cast('1900-01-01' as date))) as changed_from
    from changed
    where account_id is not null
    group by account_id

),

-- A portfolio may move from one account to another.
holders as (

    select
        portfolio_id,
        account_id,
        count(*) over (partition by portfolio_id) as accounts
    from {{ ref('int_responses_ranked') }}
    where portfolio_id is not null
    group by portfolio_id, account_id

),

shared as (

    select
        portfolio_id,
        account_id
    from holders
    where accounts > 1

),

-- Accounts that held one portfolio are computed again together, and with them those that held another one with any of these:
-- the nights of a portfolio are followed from account to account.
reached as (

    select
        account_id,
        changed_from
    from dated

    {% if target.type != 'spark' -%}
    -- Ends when a step reaches nothing new. Spark knows no such union, and computes everything at every build.
    union

    select
        others.account_id,
        reached.changed_from
    from reached
    inner join shared
        on reached.account_id = shared.account_id
    inner join shared as others
        on shared.portfolio_id = others.portfolio_id
    {%- endif %}

),

final as (

    select
        account_id,
        min(changed_from) as changed_from
    from reached
    group by account_id

)

select * from final
