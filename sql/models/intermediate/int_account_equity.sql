{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- What an account is worth on a night, or why that is not known. An account with portfolios: their holdings and cash. One
-- without: its positions, and the balance of the roster as its cash.
-- depends_on: {{ ref('int_changes') }}

with

nights as (

    select *
    from {{ ref('account_nights') }} as nights
    where is_listed
        {% if is_incremental() -%}
        and {{ is_changed('nights.account_id', 'nights.as_of_date') }}
        {%- endif %}

),

-- Portfolios may be listed although nothing is asked of them.
listed as (

    select distinct
        answers.as_of_date,
        answers.account_id
    from {{ ref('stg_bluum__portfolios') }} as portfolios
    inner join {{ ref('int_responses_ranked') }} as answers
        on portfolios.response_id = answers.response_id
        and portfolios.as_of_date = answers.as_of_date
    where answers.endpoint = 'portfolios' and answers.is_current
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}

),

held as (

    select * from {{ ref('int_account_values') }}

),

positions as (

    select
        as_of_date,
        account_id,
        count(*) as positions,
        count({{ computable('market_value') }}) as positions_valued,
        count(currency) as positions_with_currency,
        min(currency) as currency,
        max(currency) as other_currency,
        sum({{ computable('market_value') }}) as positions_value
    from {{ ref('positions_daily') }} as positions
    where {{ is_held('positions') }}
        {% if is_incremental() -%}
        and {{ is_changed('positions.account_id', 'positions.as_of_date') }}
        {%- endif %}
    group by as_of_date, account_id

),

-- Lists of portfolios or positions of which a row waits in quarantine.
unread as (

    select distinct
        as_of_date,
        account_id
    from {{ ref('int_quarantined') }}
    where table_name in ('portfolios', 'positions') and endpoint in ('portfolios', 'positions') and is_current

),

joined as (

    select
        nights.as_of_date,
        nights.account_id,
        nights.currency,
        coalesce(held.portfolios, 0) as portfolios,
        held.portfolio_id,
        case when held.portfolios > 0 or listed.account_id is not null then 'holdings' else 'roster' end as source,
        case
            when held.portfolios > 0 and held.unknown_reason is not null then held.unknown_reason
            when nights.currency is null then 'no_currency'
            when held.portfolios > 0 and (held.currency is distinct from nights.currency) then 'mixed_currencies'
            when held.portfolios > 0 then null
            -- Without a list of portfolios nobody knows whether there are any.
            when nights.portfolios_outcome not in ('ok', 'absent') or nights.portfolios_outcome is null then 'no_portfolios'
            when listed.account_id is not null then 'no_holdings'
            -- An account that holds nothing has an empty list; of one that Bluum no longer knows (404) nothing is told.
            when coalesce(nights.positions_outcome, '') <> 'ok' then 'no_positions'
            when unread.account_id is not null then 'quarantined'
            when positions.positions_valued < positions.positions then 'unpriced_holding'
            when positions.positions_with_currency < positions.positions
                or positions.currency <> nights.currency
                or positions.other_currency <> nights.currency then 'mixed_currencies'
            when nights.balance is null then 'no_cash'
        end as unknown_reason,
        case when held.portfolios > 0 then held.cash_balance else nights.balance end as cash,
        case
            when held.portfolios > 0 then {{ difference('held.total_value', 'held.cash_balance') }}
            else coalesce(positions.positions_value, 0)
        end as positions_value
    from nights
    left join held
        on nights.as_of_date = held.as_of_date
        and nights.account_id = held.account_id
    left join listed
        on nights.as_of_date = listed.as_of_date
        and nights.account_id = listed.account_id
    left join positions
        on nights.as_of_date = positions.as_of_date
        and nights.account_id = positions.account_id
    left join unread
        on nights.as_of_date = unread.as_of_date
        and nights.account_id = unread.account_id

),

final as (

    select
        as_of_date,
        account_id,
        currency,
        source,
        portfolios,
        portfolio_id,
        unknown_reason,
        {% for figure in ['cash', 'positions_value'] -%}
        case when unknown_reason is null then cast({{ figure }} as decimal(38, 9)) end as {{ figure }},
        {% endfor -%}
        case when unknown_reason is null then {{ total('cash', 'positions_value') }} end as equity
    from joined

)

select * from final
