with

answers as (

    select response_id
    from {{ ref('int_responses_ranked') }}
    where endpoint in ('accounts', 'portfolios') and is_current

),

-- The list of an account's portfolios says more than the roster's mention of them, and goes first within a night.
mentioned as (

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        name,
        currency,
        status,
        1 as detail
    from {{ ref('stg_bluum__portfolios') }}

    union all

    select
        response_id,
        as_of_date,
        account_id,
        portfolio_id,
        cast(null as {{ dbt.type_string() }}) as name,
        cast(null as {{ dbt.type_string() }}) as currency,
        status,
        0 as detail
    from {{ ref('stg_bluum__account_portfolios') }}

),

ranked as (

    select
        *,
        min(as_of_date) over (partition by portfolio_id) as first_seen_on,
        max(as_of_date) over (partition by portfolio_id) as last_seen_on,
        row_number() over (partition by portfolio_id order by detail desc, response_id desc) as recency
    from mentioned
    where response_id in (select answers.response_id from answers)

),

final as (

    select
        portfolio_id,
        account_id,
        name,
        currency,
        status,
        first_seen_on,
        last_seen_on
    from ranked
    where recency = 1

)

select * from final
