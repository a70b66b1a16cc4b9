{{ config(materialized='table') }}

with

currencies as (

    select
        account_id,
        currency,
        coalesce(said_from, cast('1900-01-01' as date)) as said_from,
        coalesce(said_to, cast('9999-12-31' as date)) as said_to
    from {{ ref('int_account_currencies') }}

),

-- An account counts in the currency that the roster gave then, or last, before that night.
accounts as (

    select
        nights.as_of_date,
        coalesce(nights.currency, currencies.currency, '(unknown)') as currency,
        nights.account_id,
        nights.is_listed,
        nights.is_complete,
        {% for suffix in ['', '_then'] -%}
        coalesce(compliance.has_policy{{ suffix }}, false) as has_policy{{ suffix }},
        compliance.verdict{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('account_nights') }} as nights
    left join currencies
        on nights.account_id = currencies.account_id
        and nights.as_of_date >= currencies.said_from
        and nights.as_of_date < currencies.said_to
    left join {{ ref('int_compliance_nights') }} as compliance
        on nights.as_of_date = compliance.as_of_date
        and nights.account_id = compliance.account_id

),

accounts_counted as (

    select
        as_of_date,
        currency,
        count(*) as accounts,
        count(case when is_listed then 1 end) as accounts_listed,
        count(case when is_complete then 1 end) as accounts_complete,
        {% for suffix in ['', '_then'] -%}
        count(case when has_policy{{ suffix }} then 1 end) as accounts_with_policy{{ suffix }},
        {% for verdict in ['inside', 'outside', 'unknown'] -%}
        count(case when has_policy{{ suffix }} and verdict{{ suffix }} = '{{ verdict }}' then 1 end)
            as accounts_{{ verdict }}{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
        {{- "," if not loop.last }}
        {% endfor %}
    from accounts
    group by as_of_date, currency

),

-- Every portfolio that a night should have asked about, in its own currency; in the account's where it did not say.
portfolios as (

    select distinct
        as_of_date,
        account_id,
        portfolio_id
    from {{ ref('int_requests') }}
    where endpoint in ('rebalancing', 'holdings') and portfolio_id is not null

),

values_added as (

    select
        portfolios.as_of_date,
        coalesce(portfolio_values.currency, accounts.currency, '(unknown)') as currency,
        count(distinct portfolios.portfolio_id) as portfolios,
        count({{ computable('portfolio_values.total_value') }}) as portfolios_with_value,
        cast(sum({{ computable('portfolio_values.total_value') }}) as decimal(38, 9)) as total_value
    from portfolios
    left join {{ ref('portfolio_values_daily') }} as portfolio_values
        on portfolios.as_of_date = portfolio_values.as_of_date
        and portfolios.portfolio_id = portfolio_values.portfolio_id
        and portfolios.account_id = portfolio_values.account_id
    left join accounts
        on portfolios.as_of_date = accounts.as_of_date
        and portfolios.account_id = accounts.account_id
    group by portfolios.as_of_date, coalesce(portfolio_values.currency, accounts.currency, '(unknown)')

),

pnl_added as (

    select
        as_of_date,
        coalesce(currency, '(unknown)') as currency,
        count({{ computable('net_pnl') }}) as accounts_with_net_pnl,
        cast(sum({{ computable('net_pnl') }}) as decimal(38, 9)) as net_pnl,
        count({{ computable('total_pnl_itd') }}) as accounts_with_total_pnl_itd,
        cast(sum({{ computable('total_pnl_itd') }}) as decimal(38, 9)) as total_pnl_itd
    from {{ ref('pnl_daily') }}
    group by as_of_date, coalesce(currency, '(unknown)')

),

-- An episode stays in the currency in which it began. One that was lost is gone the day after its last night.
episodes as (

    select
        coalesce(currencies.currency, '(unknown)') as currency,
        episodes.started_on,
        episodes.ended_on,
        case
            when episodes.outcome = 'lost' then {{ days_after('episodes.last_breach_on', 1) }}
            else episodes.ended_on
        end as gone_on,
        episodes.is_left_censored
    from {{ ref('drift_episodes') }} as episodes
    left join currencies
        on episodes.account_id = currencies.account_id
        and episodes.started_on >= currencies.said_from
        and episodes.started_on < currencies.said_to

),

events as (

    select
        currency,
        started_on as happened_on,
        count(*) as opened,
        count(case when is_left_censored then 1 end) as left_censored,
        0 as closed,
        0 as gone
    from episodes
    group by currency, started_on

    union all

    select
        currency,
        gone_on as happened_on,
        0 as opened,
        0 as left_censored,
        count(ended_on) as closed,
        count(*) as gone
    from episodes
    where gone_on is not null
    group by currency, gone_on

),

keys as (

    select as_of_date, currency from accounts_counted
    union
    select as_of_date, currency from values_added
    union
    select as_of_date, currency from pnl_added
    union
    select started_on as as_of_date, currency from episodes
    union
    select ended_on as as_of_date, currency from episodes
    where ended_on is not null

),

episodes_counted as (

    select
        keys.as_of_date,
        keys.currency,
        coalesce(sum(case when events.happened_on = keys.as_of_date then events.opened end), 0) as opened,
        coalesce(sum(case when events.happened_on = keys.as_of_date then events.left_censored end), 0) as left_censored,
        coalesce(sum(case when events.happened_on = keys.as_of_date then events.closed end), 0) as closed,
        coalesce(sum(events.opened), 0) - coalesce(sum(events.gone), 0) as still_open
    from keys
    left join events
        on keys.currency = events.currency
        and keys.as_of_date >= events.happened_on
    group by keys.as_of_date, keys.currency

),

final as (

    select
        keys.as_of_date,
        keys.currency,
        {% for count in [
            'accounts', 'accounts_listed', 'accounts_complete', 'accounts_with_policy', 'accounts_inside',
            'accounts_outside', 'accounts_unknown', 'accounts_with_policy_then', 'accounts_inside_then',
            'accounts_outside_then', 'accounts_unknown_then',
        ] -%}
        coalesce(accounts_counted.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        values_added.total_value,
        coalesce(values_added.portfolios_with_value, 0) as portfolios_with_value,
        coalesce(values_added.portfolios, 0) as portfolios,
        pnl_added.net_pnl,
        coalesce(pnl_added.accounts_with_net_pnl, 0) as accounts_with_net_pnl,
        pnl_added.total_pnl_itd,
        coalesce(pnl_added.accounts_with_total_pnl_itd, 0) as accounts_with_total_pnl_itd,
        cast(episodes_counted.opened as bigint) as episodes_opened,
        cast(episodes_counted.left_censored as bigint) as episodes_left_censored,
        cast(episodes_counted.closed as bigint) as episodes_closed,
        cast(episodes_counted.still_open as bigint) as episodes_open
    from keys
    inner join episodes_counted
        on keys.as_of_date = episodes_counted.as_of_date
        and keys.currency = episodes_counted.currency
    left join accounts_counted
        on keys.as_of_date = accounts_counted.as_of_date
        and keys.currency = accounts_counted.currency
    left join values_added
        on keys.as_of_date = values_added.as_of_date
        and keys.currency = values_added.currency
    left join pnl_added
        on keys.as_of_date = pnl_added.as_of_date
        and keys.currency = pnl_added.currency

)

select * from final
