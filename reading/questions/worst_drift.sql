-- Which portfolios are farthest from their targets on the newest night (the first $most; null: all)?
select
    latest.portfolio_id, latest.account_id, latest.name, accounts.account_number_last4, latest.max_abs_drift_percent,
    latest.one_way_turnover_percent, latest.turnover_into_bands_percent, latest.classes_outside_band,
    latest.threshold_percent,
    case
        when latest.policy_version is null then 'no_policy'
        when latest.turnover_into_bands_percent is null then 'no_band_known'
    end as band_unknown_reason,
    count(*) over () as portfolios
from marts.portfolio_latest as latest
left join marts.accounts on latest.account_id = accounts.account_id
where latest.max_abs_drift_percent is not null
order by latest.max_abs_drift_percent desc, latest.portfolio_id
limit $most
