{{ config(materialized='table') }}

-- What each body of a policy rules, one row per rule and subject: the limits between which a value is inside. Rules of
-- portfolios and rules of the account as a whole. What a policy does not say is no row.

with

bodies as (

    select distinct
        body_response_id,
        account_id,
        ips_id,
        version,
        threshold_percent,
        minimum_cash_percent,
        lower(rebalancing_frequency) as frequency
    from {{ ref('int_policy_versions_dated') }}
    where body_response_id is not null

),

targets as (

    select
        bodies.body_response_id,
        bodies.account_id,
        bodies.ips_id,
        bodies.version,
        targets.asset_class,
        targets.target_percent,
        targets.min_percent,
        targets.max_percent
    from bodies
    inner join {{ ref('stg_bluum__policy_targets') }} as targets
        on bodies.body_response_id = targets.response_id
        and bodies.account_id = targets.account_id
        and bodies.ips_id = targets.ips_id
        and bodies.version = targets.version

),

-- Names are compared without regard to capitals, and to whether a word ends with a space, a hyphen or an underscore.
excluded as (

    select distinct
        bodies.body_response_id,
        bodies.account_id,
        bodies.ips_id,
        bodies.version,
        case terms.term when 'excluded_sectors' then 'excluded_sector' else 'excluded_security' end as rule,
        case terms.term
            when 'excluded_sectors' then {{ sector_name('terms.value') }}
            else {{ symbol_name('terms.value') }}
        end as subject
    from bodies
    inner join {{ ref('stg_bluum__policy_terms') }} as terms
        on bodies.body_response_id = terms.response_id
        and bodies.account_id = terms.account_id
        and bodies.ips_id = terms.ips_id
        and bodies.version = terms.version
    where terms.term in ('excluded_sectors', 'excluded_securities')
        and trim(terms.value) <> ''

),

rules as (

    select
        body_response_id,
        account_id,
        ips_id,
        version,
        'band' as rule,
        true as is_of_portfolio,
        asset_class as subject,
        min_percent as lower_limit,
        max_percent as upper_limit
    from targets
    where min_percent is not null or max_percent is not null

    union all

    -- Only a policy that names classes can say of another that it is off the policy; what waits in quarantine names some.
    select
        body_response_id,
        account_id,
        ips_id,
        version,
        'off_policy' as rule,
        true as is_of_portfolio,
        cast(null as {{ dbt.type_string() }}) as subject,
        cast(null as decimal(38, 9)) as lower_limit,
        cast(0 as decimal(38, 9)) as upper_limit
    from bodies
    where body_response_id in (select targets.body_response_id from targets)
        or body_response_id in (
            select unread.response_id from {{ ref('int_quarantined') }} as unread
            where unread.table_name = 'policy_targets'
        )

    union all

    select
        body_response_id,
        account_id,
        ips_id,
        version,
        'threshold' as rule,
        true as is_of_portfolio,
        cast(null as {{ dbt.type_string() }}) as subject,
        cast(null as decimal(38, 9)) as lower_limit,
        threshold_percent as upper_limit
    from bodies
    where threshold_percent is not null

    union all

    -- The longest that the period may be; a frequency of another name has no limit that could be told.
    select
        body_response_id,
        account_id,
        ips_id,
        version,
        'overdue_rebalancing' as rule,
        true as is_of_portfolio,
        cast(null as {{ dbt.type_string() }}) as subject,
        cast(null as decimal(38, 9)) as lower_limit,
        cast(
            case
                when frequency = 'monthly' then 31
                when frequency = 'quarterly' then 92
                when frequency in ('semi_annual', 'semi_annually') then 184
                when frequency in ('annual', 'annually') then 366
            end as decimal(38, 9)
        ) as upper_limit
    from bodies
    where frequency is not null

    union all

    select
        body_response_id,
        account_id,
        ips_id,
        version,
        'minimum_cash' as rule,
        false as is_of_portfolio,
        cast(null as {{ dbt.type_string() }}) as subject,
        minimum_cash_percent as lower_limit,
        cast(null as decimal(38, 9)) as upper_limit
    from bodies
    where minimum_cash_percent is not null

    union all

    select
        body_response_id,
        account_id,
        ips_id,
        version,
        rule,
        false as is_of_portfolio,
        subject,
        cast(null as decimal(38, 9)) as lower_limit,
        cast(0 as decimal(38, 9)) as upper_limit
    from excluded

),

final as (

    select
        body_response_id,
        account_id,
        ips_id,
        version,
        rule,
        is_of_portfolio,
        subject,
        lower_limit,
        upper_limit
    from rules

)

select * from final
