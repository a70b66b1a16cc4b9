{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

-- A setting that was changed within a night makes two lists; the newer one counts, and not both.
lists as (

    select
        as_of_date,
        account_id,
        max(answer_id) as answer_id
    from {{ ref('int_responses_ranked') }} as answers
    where is_current and endpoint = 'positions'
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.as_of_date') }}
        {%- endif %}
    group by as_of_date, account_id

),

positions as (

    select
        positions.*,
        answers.endpoint
    from {{ ref('stg_bluum__positions') }} as positions
    inner join {{ ref('int_responses_ranked') }} as answers
        on positions.response_id = answers.response_id
        and positions.as_of_date = answers.as_of_date
    left join lists
        on answers.as_of_date = lists.as_of_date
        and answers.answer_id = lists.answer_id
    where answers.is_current
        and (answers.endpoint = 'position' or (answers.endpoint = 'positions' and lists.answer_id is not null))
        {% if is_incremental() -%}
        and {{ is_changed('positions.account_id', 'positions.as_of_date') }}
        {%- endif %}

),

-- A list whose pages shifted while it was read may name a position twice: the later reading counts. A position asked again
-- for a fresh price adds none to the list. Its answer counts if it has a price, and a value where the list has one; what
-- else it leaves out is as the list has it.
ranked as (

    select
        *,
        row_number() over (
            partition by as_of_date, account_id, position_id, endpoint
            order by response_id desc
        ) as recency
    from positions

),

listed as (

    select * from ranked
    where recency = 1 and endpoint = 'positions'

),

refreshed as (

    select ranked.*
    from ranked
    inner join listed
        on ranked.as_of_date = listed.as_of_date
        and ranked.account_id = listed.account_id
        and ranked.position_id = listed.position_id
    where ranked.recency = 1
        and ranked.endpoint = 'position'
        and ranked.current_price is not null
        and (ranked.market_value is not null or listed.market_value is null)

),

chosen as (

    select
        listed.as_of_date,
        listed.account_id,
        listed.position_id,
        {% for column in ['symbol', 'currency', 'quantity', 'average_cost_basis', 'total_cost_basis', 'response_id'] -%}
        coalesce(refreshed.{{ column }}, listed.{{ column }}) as {{ column }},
        {% endfor -%}
        -- A price and what follows from it come from one answer.
        {% for column in [
            'current_price', 'market_value', 'unrealized_pl', 'unrealized_pl_percent',
            'price_source', 'price_confidence', 'price_timestamp',
        ] -%}
        case when refreshed.position_id is null then listed.{{ column }} else refreshed.{{ column }} end as {{ column }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from listed
    left join refreshed
        on listed.as_of_date = refreshed.as_of_date
        and listed.account_id = refreshed.account_id
        and listed.position_id = refreshed.position_id

),

-- Lists of which a row waits in quarantine.
unread as (

    select distinct
        as_of_date,
        account_id
    from {{ ref('int_quarantined') }}
    where table_name = 'positions' and endpoint = 'positions' and is_current

),

valued as (

    select
        *,
        case when {{ is_held('chosen') }} then market_value else 0 end as held_value
    from chosen

),

totalled as (

    select
        chosen.*,
        -- A position without a value, or one that could not be read, leaves no whole to have a share of.
        case
            when unread.account_id is null
                and count(*) over whole = count({{ computable('chosen.held_value') }}) over whole
                then sum({{ computable('chosen.held_value') }}) over whole
        end as total_market_value
    from valued as chosen
    left join unread
        on chosen.as_of_date = unread.as_of_date
        and chosen.account_id = unread.account_id
    window whole as (partition by chosen.as_of_date, chosen.account_id, chosen.currency)

),

final as (

    select
        as_of_date,
        account_id,
        position_id,
        symbol,
        currency,
        quantity,
        average_cost_basis,
        total_cost_basis,
        current_price,
        market_value,
        unrealized_pl,
        unrealized_pl_percent,
        -- Where shorts outweigh all else, every share would have its sign turned about.
        {{ ratio('held_value', 'case when total_market_value > 0 then total_market_value end', times=100) }}
            as weight_percent,
        price_source,
        price_confidence,
        price_timestamp,
        response_id
    from totalled

)

select * from final
