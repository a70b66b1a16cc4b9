-- Why did a portfolio's drift in its asset classes move, night after night?
select as_of_date, asset_class, cause, points, unknown_reason
from marts.drift_causes_daily
unpivot include nulls (
    points for cause in (
        market_points as market, trades_points as trades, flows_points as flows, policy_points as policy,
        remainder_points as remainder
    )
)
where portfolio_id = $portfolio_id and ($asset_class is null or asset_class = $asset_class)
    and ($first is null or as_of_date > $first) and ($last is null or as_of_date <= $last)
order by as_of_date, asset_class, cause
