-- A disagreement that stands night after night is one row, on the night it came up.

with

checked as (

    {% for check in [
        'check_positions', 'check_unrealized', 'check_drift', 'check_needs_rebalancing', 'check_policy_targets',
        'check_policy_called', 'check_portfolios', 'check_pnl_reports', 'check_pnl_items',
    ] -%}
    select
        *,
        {{ 'true' if check in ('check_pnl_reports', 'check_pnl_items') else 'false' }} as is_of_report
    from {{ ref(check) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- The account's night before each, on which a disagreement would have to stand to be the same. P&L reports have nights of
-- their own: some are filled in later.
nights as (

    {% for mart, is_of_report in [('account_nights', 'false'), ('pnl_daily', 'true')] -%}
    select
        account_id,
        as_of_date,
        {{ is_of_report }} as is_of_report,
        lag(as_of_date) over (partition by account_id order by as_of_date) as night_before
    from {{ ref(mart) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

compared as (

    select
        checked.*,
        nights.night_before,
        lag(checked.as_of_date) over series as previous_on,
        lag(checked.reported) over series as previous_reported,
        lag(checked.difference) over series as previous_difference
    from checked
    left join nights
        on checked.account_id = nights.account_id
        and checked.as_of_date = nights.as_of_date
        and checked.is_of_report = nights.is_of_report
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
                when previous_on = night_before
                    and (previous_difference is not distinct from difference)
                    -- Which version Bluum calls the current one is no number: another one is another disagreement.
                    and (check_name <> 'policy_called' or previous_reported is not distinct from reported) then 0
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
