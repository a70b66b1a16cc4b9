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
        portfolios.portfolio_id,
        count(nights.as_of_date) as nights_since_seen
    from {{ ref('portfolios').include(database=false) }} as portfolios
    left join nights
        on portfolios.last_seen_on < nights.as_of_date
    group by portfolios.portfolio_id

),

breaches as (

    select
        portfolio_id,
        count(case when breach_kind = 'band' then 1 end) as open_band_breaches,
        count(case when breach_kind = 'threshold' then 1 end) as open_threshold_breaches
    from {{ ref('drift_episodes').include(database=false) }}
    where outcome = 'open'
    group by portfolio_id

),

final as (

    select
        newest.as_of_date,
        portfolios.portfolio_id,
        portfolios.name,
        portfolios.status,
        portfolios.currency,
        portfolios.account_id,
        accounts.status as account_status,
        accounts.currency as account_currency,
        portfolios.last_seen_on,
        unseen.nights_since_seen,
        drift.portfolio_id is not null as is_analysed,
        coalesce(nights.is_complete, false) as is_account_complete,
        nights.rebalancing_outcome,
        nights.ips_id,
        nights.policy_version,
        versions.effective_from as policy_effective_from,
        versions.risk_tolerance,
        versions.threshold_percent,
        drift.max_abs_drift_percent,
        drift.one_way_turnover_percent,
        drift.l2_drift_percent,
        drift.turnover_into_bands_percent,
        drift.classes_outside_band,
        drift.off_policy_percent,
        drift.needs_rebalancing,
        drift.is_cached,
        drift.last_rebalanced_at,
        coalesce(breaches.open_band_breaches, 0) as open_band_breaches,
        coalesce(breaches.open_threshold_breaches, 0) as open_threshold_breaches,
        pnl.total_pnl as account_total_pnl,
        pnl.net_pnl as account_net_pnl,
        pnl.total_pnl_itd as account_total_pnl_itd,
        pnl.net_pnl_itd as account_net_pnl_itd,
        pnl.total_pnl_ytd as account_total_pnl_ytd
    from {{ ref('portfolios').include(database=false) }} as portfolios
    inner join newest
        on portfolios.first_seen_on <= newest.as_of_date
    inner join unseen
        on portfolios.portfolio_id = unseen.portfolio_id
    left join {{ ref('accounts').include(database=false) }} as accounts
        on portfolios.account_id = accounts.account_id
    left join {{ ref('account_nights').include(database=false) }} as nights
        on portfolios.account_id = nights.account_id
        and newest.as_of_date = nights.as_of_date
    left join {{ ref('policy_versions').include(database=false) }} as versions
        on nights.account_id = versions.account_id
        and nights.ips_id = versions.ips_id
        and nights.policy_version = versions.version
    left join {{ ref('portfolio_drift_daily').include(database=false) }} as drift
        on portfolios.portfolio_id = drift.portfolio_id
        and newest.as_of_date = drift.as_of_date
    left join {{ ref('pnl_daily').include(database=false) }} as pnl
        on portfolios.account_id = pnl.account_id
        and newest.as_of_date = pnl.as_of_date
    left join breaches
        on portfolios.portfolio_id = breaches.portfolio_id

)

select * from final
