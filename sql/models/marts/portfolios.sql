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

{% set told = ['name', 'currency', 'status'] -%}
{% set newest_first = 'order by as_of_date desc, detail desc, response_id desc' -%}
ranked as (

    select
        *,
        {% for column in told -%}
        row_number() over (
            partition by portfolio_id, case when {{ column }} is null then 1 else 0 end {{ newest_first }}
        ) as {{ column }}_recency,
        {% endfor -%}
        row_number() over (partition by portfolio_id {{ newest_first }}) as recency
    from mentioned
    where response_id in (select answers.response_id from answers)

),

-- What the newest mention leaves out is as it was last told.
final as (

    select
        portfolio_id,
        max(case when recency = 1 then account_id end) as account_id,
        {% for column in told -%}
        max(case when {{ column }}_recency = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        min(as_of_date) as first_seen_on,
        max(as_of_date) as last_seen_on
    from ranked
    group by portfolio_id

)

select * from final
