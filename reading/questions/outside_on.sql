-- How many portfolios were outside policy on one night, of how many is that not known, and how many were not analysed?
with night as (
    select coalesce($night::date, (select max(as_of_date) from marts.allocation_drift_daily)) as as_of_date
),

analysed as (
    select drift.portfolio_id, count(*) filter (is_outside_band or is_over_threshold) > 0 as is_outside,
        count(is_outside_band) + count(is_over_threshold) = 0 as is_unknown
    from marts.drift_wide as drift
    left join marts.portfolios on drift.portfolio_id = portfolios.portfolio_id
    where as_of_date = (select as_of_date from night)
        and ($currency is null or coalesce(portfolios.currency, '(unknown)') = $currency)
        and ($portfolio_id is null or drift.portfolio_id = $portfolio_id)
        and ($asset_class is null or asset_class = $asset_class)
    group by drift.portfolio_id
)

select count(*) as portfolios_analysed, count(*) filter (is_outside) as portfolios_outside,
    count(*) filter (is_unknown) as portfolios_unknown,
    (
        -- of those that were listed by then and have not been listed for the last time before
        select count(*) from marts.portfolios
        where (select as_of_date from night) between first_seen_on and last_seen_on
            and ($currency is null or coalesce(currency, '(unknown)') = $currency)
            and ($portfolio_id is null or portfolio_id = $portfolio_id)
            and portfolio_id not in (
                select portfolio_id from marts.portfolio_drift_daily where as_of_date = (select as_of_date from night)
            )
    ) as portfolios_not_analysed
from analysed
