-- Which figures of an account did Bluum report differently later on (the newest twelve, without those by symbol or class)?
select
    account_id, as_of_date, measure, currency, known_at, previous_value, new_value, new_value - previous_value as difference,
    count(*) over (partition by account_id) as restatements
from marts.restatements
where
    not starts_with(measure, 'by_')
    and (
        cast($account_ids as varchar[]) is null
        or account_id in (select unnest(cast($account_ids as varchar[])))
    )
qualify row_number() over (partition by account_id order by known_at desc, as_of_date desc, measure) <= 12
order by account_id, known_at desc, as_of_date desc, measure
