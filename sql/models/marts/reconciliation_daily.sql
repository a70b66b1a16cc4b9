-- A disagreement that stands night after night is one row, on the night it came up.

with

checked as (

    {% for check in [
        'check_positions', 'check_unrealized', 'check_drift', 'check_needs_rebalancing', 'check_policy_targets',
        'check_policy_called', 'check_pnl_reports', 'check_pnl_items',
    ] -%}
    select * from {{ ref(check) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

nights as (

    select distinct as_of_date from {{ ref('sync_coverage_daily') }}
    union
    select distinct as_of_date from {{ ref('pnl_daily') }}

),

-- The night before each, on which a disagreement would have to stand to be the same.
sequenced as (

    select
        as_of_date,
        lag(as_of_date) over (order by as_of_date) as night_before
    from nights

),

compared as (

    select
        checked.*,
        sequenced.night_before,
        lag(checked.as_of_date) over series as previous_on,
        lag(checked.difference) over series as previous_difference
    from checked
    inner join sequenced
        on checked.as_of_date = sequenced.as_of_date
    window series as (
        partition by checked.account_id, checked.check_name, checked.entity
        order by checked.as_of_date
    )

),

numbered as (

    select
        *,
        sum(
            case
                when previous_on = night_before and (previous_difference is not distinct from difference) then 0
                else 1
            end
        ) over (
            partition by account_id, check_name, entity
            order by as_of_date
            rows between unbounded preceding and current row
        ) as run_number
    from compared

),

runs as (

    select
        *,
        row_number() over (partition by account_id, check_name, entity, run_number order by as_of_date) as place,
        count(*) over (partition by account_id, check_name, entity, run_number) as nights,
        max(as_of_date) over (partition by account_id, check_name, entity, run_number) as last_seen_on
    from numbered

),

final as (

    select
        as_of_date,
        account_id,
        check_name,
        entity,
        reported,
        recomputed,
        difference,
        nights,
        last_seen_on
    from runs
    where place = 1

)

select * from final
