{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

-- Of all nights, since the first changed one is compared with the one before it.
heads as (

    select
        *,
        lag(harvestable_losses) over series as previous_harvestable_losses,
        lag(currency) over series as previous_currency
    from {{ ref('portfolio_drift_daily') }}
    window series as (partition by portfolio_id order by as_of_date)

),

changed as (

    select * from heads
    {% if is_incremental() -%}
    where {{ is_changed('heads.account_id', 'heads.as_of_date') }}
    {%- endif %}

),

-- Of the roster that counts for the night.
advantaged as (

    select
        nights.as_of_date,
        nights.account_id,
        accounts.tax_advantaged
    from {{ ref('account_nights') }} as nights
    inner join {{ ref('stg_bluum__accounts') }} as accounts
        on nights.response_id = accounts.response_id
        and nights.as_of_date = accounts.as_of_date
        and nights.account_id = accounts.account_id
    where accounts.tax_advantaged

),

joined as (

    select
        changed.*,
        analyses.response_id,
        policies.policy_version,
        policies.tax_bracket_percent,
        rates.long_term_rate_percent,
        case
            when advantaged.account_id is not null then 'tax_advantaged'
            when policies.policy_version is null then 'no_policy'
            when policies.tax_bracket_percent is null then 'no_bracket'
            when rates.tax_bracket_percent is null then 'unknown_bracket'
            when changed.estimated_short_term_gains is null or changed.estimated_long_term_gains is null
                then 'gains_unknown'
        end as unknown_reason
    from changed
    left join {{ ref('int_analyses_dated') }} as analyses
        on changed.as_of_date = analyses.as_of_date
        and changed.portfolio_id = analyses.portfolio_id
    left join {{ ref('int_policies_by_night') }} as policies
        on changed.as_of_date = policies.as_of_date
        and changed.account_id = policies.account_id
    left join {{ ref('int_tax_rates') }} as rates
        on policies.tax_bracket_percent = rates.tax_bracket_percent
    left join advantaged
        on changed.as_of_date = advantaged.as_of_date
        and changed.account_id = advantaged.account_id

),

-- A loss costs nothing; what it saves elsewhere is not told here.
taxed as (

    select
        *,
        {% for gains in ['short_term_gains', 'long_term_gains'] -%}
        case
            when {{ computable('estimated_' ~ gains) }} > 0 then {{ computable('estimated_' ~ gains) }}
            when {{ computable('estimated_' ~ gains) }} <= 0 then 0
        end as {{ gains }},
        {% endfor -%}
        coalesce(unknown_reason, '') in ('', 'gains_unknown') as is_taxed,
        {{ computable('tax_bracket_percent') }} * 0.01 as short_term_rate,
        {{ computable('long_term_rate_percent') }} * 0.01 as long_term_rate,
        {{ difference('tax_bracket_percent', 'long_term_rate_percent') }} as points_between
    from joined

),

amounts as (

    select
        *,
        case when is_taxed then {{ product('short_term_gains', 'short_term_rate') }} end as short_term_tax,
        case when is_taxed then {{ product('long_term_gains', 'long_term_rate') }} end as long_term_tax,
        case when is_taxed then {{ product('short_term_gains', computable('points_between') ~ ' * 0.01') }} end
            as saved_by_waiting
    from taxed

),

final as (

    select
        as_of_date,
        portfolio_id,
        account_id,
        currency,
        harvestable_losses,
        case
            when (currency is not distinct from previous_currency)
                then {{ difference('harvestable_losses', 'previous_harvestable_losses') }}
        end as change_of_harvestable_losses,
        tax_loss_harvesting_available,
        estimated_short_term_gains,
        estimated_long_term_gains,
        policy_version,
        tax_bracket_percent,
        long_term_rate_percent,
        short_term_tax,
        long_term_tax,
        {{ total('short_term_tax', 'long_term_tax') }} as tax_cost,
        saved_by_waiting,
        coalesce(unknown_reason, case when short_term_tax is null or long_term_tax is null then 'beyond_arithmetic' end)
            as unknown_reason,
        response_id
    from amounts

)

select * from final
