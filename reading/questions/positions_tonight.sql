-- What does an account hold on the newest night, how concentrated is it, how far can each price be trusted (twenty-five)?
with
    held as (
        select *, row_number() over by_weight as place, count(*) over by_account as positions
        from marts.positions_daily
        where
            as_of_date = (select max(as_of_date) from marts.sync_coverage_daily where endpoint = 'accounts')
            and (
                cast($account_ids as varchar[]) is null
                or account_id in (select unnest(cast($account_ids as varchar[])))
            )
        window
            by_account as (partition by account_id),
            by_weight as (partition by account_id order by abs(weight_percent) desc nulls last, symbol, position_id)
    )

select
    account_id, position_id, symbol, currency, quantity, average_cost_basis, current_price, market_value, unrealized_pl,
    unrealized_pl_percent, weight_percent, price_confidence, price_source, price_timestamp, place, positions,
    sum(weight_percent) over (partition by account_id, currency order by place) as weight_so_far_percent
from held
qualify place <= 25
order by account_id, place
