with

source as (

    select * from {{ source('bluum', 'policy_versions') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        ips_id,
        version,
        status,
        effective_date,
        created_at,
        updated_at,
        risk_tolerance,
        volatility_tolerance,
        risk_score,
        {{ whole_number('horizon_years') }} as horizon_years,
        horizon_category,
        primary_objective,
        target_annual_return,
        rebalancing_frequency,
        threshold_percent,
        tax_aware,
        minimum_cash_percent,
        emergency_fund_months,
        tax_loss_harvesting,
        prefer_tax_advantaged,
        tax_bracket,
        no_individual_stocks,
        esg_screening,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
