-- Which versions of its policy has an account had, since when, with which targets (the one in force, the newest twenty)?
with
    versions as (
        select *, count(*) over (partition by account_id) as of_the_account
        from marts.policy_versions
        where
            cast($account_ids as varchar[]) is null
            or account_id in (select unnest(cast($account_ids as varchar[])))
        qualify
            row_number() over (
                partition by account_id order by is_in_force desc nulls last, effective_from desc, version desc, ips_id
            ) <= 20
    )

select
    versions.account_id, versions.ips_id, versions.version, versions.status, versions.effective_from, versions.effective_to,
    versions.is_in_force, versions.risk_tolerance, versions.rebalancing_frequency, versions.threshold_percent,
    versions.minimum_cash_percent, versions.of_the_account,
    list(
        {
            'asset_class': targets.asset_class,
            'min_percent': targets.min_percent,
            'target_percent': targets.target_percent,
            'max_percent': targets.max_percent
        }
        order by targets.target_percent desc, targets.asset_class
    ) filter (where targets.asset_class is not null) as targets
from versions
left join marts.policy_targets as targets
    on versions.account_id = targets.account_id and versions.ips_id = targets.ips_id and versions.version = targets.version
group by all
order by versions.account_id, versions.effective_from desc, versions.version desc, versions.ips_id
