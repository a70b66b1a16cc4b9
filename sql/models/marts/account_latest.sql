{{ config(materialized='view') }}

-- A view, in the published file too: it names its tables without their database, and tables of the marts alone. No cross
-- join: DuckDB writes it down as a comma, which binds otherwise.

with

-- The nights on which a roster was asked: those on which an account or a portfolio could have been seen. A day on which P&L
-- of the past alone was asked for is none.
nights as (

    select distinct as_of_date
    from {{ ref('sync_coverage_daily').include(database=false) }}
    where endpoint = 'accounts'

),

newest as (

    select max(as_of_date) as as_of_date from nights

),

unseen as (

    select
        accounts.account_id,
        count(nights.as_of_date) as nights_since_seen
    from {{ ref('accounts').include(database=false) }} as accounts
    left join nights
        on accounts.last_seen_on < nights.as_of_date
    group by accounts.account_id

),

breaches as (

    select
        account_id,
        count(case when breach_kind = 'band' then 1 end) as open_band_breaches,
        count(case when breach_kind = 'threshold' then 1 end) as open_threshold_breaches
    from {{ ref('drift_episodes').include(database=false) }}
    where outcome = 'open'
    group by account_id

),

-- An account's worst portfolio that night, where all that were analysed are known.
drift as (

    select
        as_of_date,
        account_id,
        count(*) as portfolios_analysed,
        cast(
            case when count(*) = count(max_abs_drift_percent) then max(max_abs_drift_percent) end as decimal(38, 9)
        ) as max_abs_drift_percent,
        cast(
            case when count(*) = count(one_way_turnover_percent) then max(one_way_turnover_percent) end as decimal(38, 9)
        ) as max_one_way_turnover_percent,
        case when count(*) = count(classes_outside_band) or sum(classes_outside_band) > 0 then sum(classes_outside_band) end
            as classes_outside_band
    from {{ ref('portfolio_drift_daily').include(database=false) }}
    group by as_of_date, account_id

),

final as (

    select
        newest.as_of_date,
        accounts.account_id,
        accounts.status,
        accounts.account_type,
        accounts.management_type,
        accounts.currency,
        accounts.opened_on,
        accounts.closed_on,
        accounts.last_seen_on,
        unseen.nights_since_seen,
        coalesce(nights.is_listed, false) as is_listed,
        coalesce(nights.is_complete, false) as is_complete,
        nights.positions_outcome,
        nights.portfolios_outcome,
        nights.rebalancing_outcome,
        nights.investment_policy_outcome,
        nights.pnl_outcome,
        nights.balance,
        nights.ips_id,
        nights.policy_version,
        versions.effective_from as policy_effective_from,
        versions.risk_tolerance,
        versions.threshold_percent,
        pnl.days_covered,
        pnl.total_pnl,
        pnl.net_pnl,
        pnl.total_pnl_itd,
        pnl.net_pnl_itd,
        pnl.total_pnl_mtd,
        pnl.total_pnl_qtd,
        pnl.total_pnl_ytd,
        pnl.drawdown_amount,
        coalesce(drift.portfolios_analysed, 0) as portfolios_analysed,
        drift.max_abs_drift_percent,
        drift.max_one_way_turnover_percent,
        cast(drift.classes_outside_band as bigint) as classes_outside_band,
        coalesce(breaches.open_band_breaches, 0) as open_band_breaches,
        coalesce(breaches.open_threshold_breaches, 0) as open_threshold_breaches,
        nights.response_id,
        pnl.response_id as pnl_response_id
    from {{ ref('accounts').include(database=false) }} as accounts
    inner join newest
        on accounts.first_seen_on <= newest.as_of_date
    inner join unseen
        on accounts.account_id = unseen.account_id
    left join {{ ref('account_nights').include(database=false) }} as nights
        on accounts.account_id = nights.account_id
        and newest.as_of_date = nights.as_of_date
    left join {{ ref('policy_versions').include(database=false) }} as versions
        on nights.account_id = versions.account_id
        and nights.ips_id = versions.ips_id
        and nights.policy_version = versions.version
    left join {{ ref('pnl_daily').include(database=false) }} as pnl
        on accounts.account_id = pnl.account_id
        and newest.as_of_date = pnl.as_of_date
    left join drift
        on accounts.account_id = drift.account_id
        and newest.as_of_date = drift.as_of_date
    left join breaches
        on accounts.account_id = breaches.account_id

)

select * from final
