-- Which breaches began or ended from one night to another?
select case when started_on > $first and started_on <= $last then 'began' else 'ended' end as what,
    started_on, ended_on, outcome, episode.portfolio_id, portfolios.name as portfolio_name, account_number_last4,
    asset_class, breach_kind, direction, peak_distance_percent, peak_on, nights_observed, nights_missing,
    count(*) over () as found
from marts.drift_episodes as episode
join marts.portfolios using (portfolio_id)
left join marts.accounts on episode.account_id = accounts.account_id
where (started_on > $first and started_on <= $last or ended_on > $first and ended_on <= $last)
    and ($currency is null or coalesce(portfolios.currency, '(unknown)') = $currency)
    and ($portfolio_id is null or episode.portfolio_id = $portfolio_id)
    and ($asset_class is null or asset_class = $asset_class)
order by coalesce(ended_on, started_on) desc, episode.portfolio_id, asset_class, breach_kind, started_on
limit $most
