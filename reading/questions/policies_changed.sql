-- Which versions of investment policies are new on the newest night, or in force since then ($most; null: all)?
with
    nights as (select as_of_date from marts.sync_coverage_daily where endpoint = 'accounts'),

    tonight as (
        select as_of_date, lag(as_of_date) over (order by as_of_date) as previous_on
        from nights order by as_of_date desc limit 1
    )

select
    versions.account_id, accounts.account_number_last4, versions.version, versions.status, versions.effective_from,
    versions.first_seen_at, versions.risk_tolerance, versions.threshold_percent, count(*) over () as versions
from marts.policy_versions as versions
cross join tonight
left join marts.accounts on versions.account_id = accounts.account_id
where
    tonight.previous_on is not null
    -- Not a draft, nor a version that another one left no day: they are in force on no day.
    and versions.effective_from < coalesce(versions.effective_to, date '9999-12-31')
    and (
        versions.first_seen_at >= $since
        or versions.effective_from > tonight.previous_on and versions.effective_from <= tonight.as_of_date
    )
order by versions.effective_from desc, versions.account_id, versions.version
limit $most
