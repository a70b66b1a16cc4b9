-- How far was each asset class of each portfolio from its target and its band, on one night?
select drift.as_of_date, drift.portfolio_id, drift.account_id, portfolio_name, account_number_last4, drift.asset_class,
    -- that of the list of portfolios, which every other question goes by: an analysis may name none
    portfolios.currency as portfolio_currency, actual_percent, target_percent, drift_percent, min_percent, max_percent,
    band_distance_percent,
    drift.threshold_percent,
    case
        when band_distance_percent > 0 then 'above its band'
        when band_distance_percent < 0 then 'below its band'
        when is_over_threshold then 'over its threshold'
        when is_outside_band is null and is_over_threshold is null then 'not known'
        else 'inside'
    end as state,
    coalesce(band_episode_started_on, threshold_episode_started_on) as outside_since,
    coalesce(
        band.unknown_reason,
        case when drift.policy_version is null then 'no_policy' when is_outside_band is null then 'class_without_band' end
    ) as unknown_reason,
    dense_rank() over (order by is_outside desc, furthest desc nulls last, largest desc, drift.portfolio_id) as place
from marts.drift_wide as drift
join (
    select as_of_date, portfolio_id, count(*) filter (is_outside_band or is_over_threshold) > 0 as is_outside,
        max(abs(band_distance_percent)) as furthest, max(abs(drift_percent)) as largest
    from marts.allocation_drift_daily group by as_of_date, portfolio_id
) as worst using (as_of_date, portfolio_id)
left join marts.portfolios on drift.portfolio_id = portfolios.portfolio_id
left join marts.accounts on drift.account_id = accounts.account_id
left join marts.compliance_daily as band
    on drift.as_of_date = band.as_of_date and drift.portfolio_id = band.portfolio_id
        and drift.asset_class = band.subject and band.rule = 'band'
where drift.as_of_date = coalesce($night::date, (select max(as_of_date) from marts.allocation_drift_daily))
    and ($currency is null or coalesce(portfolios.currency, '(unknown)') = $currency)
    and ($portfolio_id is null or drift.portfolio_id = $portfolio_id)
    and ($asset_class is null or drift.asset_class = $asset_class)
-- the portfolios that are furthest off; null: all of them
qualify $most is null or place <= $most
order by place, abs(band_distance_percent) desc nulls last, abs(drift_percent) desc nulls last, asset_class
