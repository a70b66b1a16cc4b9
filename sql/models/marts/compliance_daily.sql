{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

nights as (

    select * from {{ ref('int_policies_by_night') }} as nights
    {% if is_incremental() -%}
    where {{ is_changed('nights.account_id', 'nights.as_of_date') }}
    {%- endif %}

),

-- The rules of a night by each of the two policies; a policy without any, or none, is a row of the rule `policy`.
ruled as (

    {% for suffix, is_now in [('', 'true'), ('_then', 'false')] -%}
    select
        nights.as_of_date,
        nights.account_id,
        coalesce(rules.rule, 'policy') as rule,
        coalesce(rules.is_of_portfolio, false) as is_of_portfolio,
        rules.subject,
        {{ is_now }} as is_now,
        rules.lower_limit,
        rules.upper_limit
    from nights
    left join {{ ref('int_policy_rules') }} as rules
        on nights.account_id = rules.account_id
        and nights.body_response_id{{ suffix }} = rules.body_response_id
        and nights.ips_id{{ suffix }} = rules.ips_id
        and nights.policy_version{{ suffix }} = rules.version
    {{ "union all" if not loop.last }}
    {% endfor %}

),

paired as (

    select
        as_of_date,
        account_id,
        rule,
        is_of_portfolio,
        subject,
        {% for suffix, is_now in [('', 'is_now'), ('_then', 'not is_now')] -%}
        count(case when {{ is_now }} then 1 end) > 0 and rule <> 'policy' as is_ruled{{ suffix }},
        count(case when {{ is_now }} then 1 end) > 0 and rule = 'policy' as is_without_rules{{ suffix }},
        max(case when {{ is_now }} then lower_limit end) as lower_limit{{ suffix }},
        max(case when {{ is_now }} then upper_limit end) as upper_limit{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from ruled
    group by as_of_date, account_id, rule, is_of_portfolio, subject

),

-- What each rule is joined by: null where it has no part in it, since a left join by more than keys would compare all with
-- all.
keyed as (

    select
        *,
        case when is_of_portfolio then account_id end as portfolios_of,
        case when not is_of_portfolio then account_id end as values_of,
        case when rule = 'band' then subject end as asset_class
    from paired

),

joined as (

    select
        keyed.*,
        portfolios.portfolio_id,
        portfolios.has_analysis,
        portfolios.max_abs_drift_percent,
        portfolios.has_unknown_drift,
        portfolios.off_policy_percent,
        portfolios.off_policy_percent_then,
        portfolios.has_unknown_off_policy,
        portfolios.has_unknown_off_policy_then,
        portfolios.days_since_rebalancing,
        portfolios.is_never_rebalanced,
        portfolios.response_id as analysis_response_id,
        classes.asset_class is not null as has_class,
        classes.actual_percent,
        accounts.unknown_reason,
        case
            when accounts.total_value > 0
                then {{ ratio('accounts.cash_balance', 'accounts.total_value', times=100) }}
        end as cash_percent,
        coalesce(accounts.has_all_holdings, false) as has_all_holdings,
        accounts.holdings_without_sector,
        case
            when accounts.total_value > 0
                then {{ ratio('coalesce(excluded.market_value, 0)', 'accounts.total_value', times=100) }}
        end as excluded_percent,
        coalesce(excluded.holdings, 0) as excluded_holdings,
        coalesce(excluded.positions, 0) as excluded_positions,
        accounts.response_id as holdings_response_id,
        accounts.positions_response_id,
        coalesce(accounts.has_all_positions, false) as has_all_positions,
        excluded.holdings_response_id as found_response_id,
        excluded.positions_response_id as found_position_response_id
    from keyed
    left join {{ ref('int_portfolio_evidence') }} as portfolios
        on keyed.as_of_date = portfolios.as_of_date
        and keyed.portfolios_of = portfolios.account_id
    left join {{ ref('allocation_drift_daily') }} as classes
        on portfolios.as_of_date = classes.as_of_date
        and portfolios.portfolio_id = classes.portfolio_id
        and keyed.asset_class = classes.asset_class
    left join {{ ref('int_account_values') }} as accounts
        on keyed.as_of_date = accounts.as_of_date
        and keyed.values_of = accounts.account_id
    left join {{ ref('int_excluded_holdings') }} as excluded
        on keyed.as_of_date = excluded.as_of_date
        and keyed.account_id = excluded.account_id
        and keyed.rule = excluded.rule
        and keyed.subject = excluded.subject

),

-- By what an excluded item is measured: its share of the whole, where that is known; else how often it is listed. What is
-- worth nothing is held all the same.
told as (

    select
        *,
        case
            when rule not in ('excluded_sector', 'excluded_security') then 'no'
            when excluded_percent > 0 or (excluded_percent is not null and excluded_holdings = 0) then 'share'
            when has_all_holdings then 'holdings'
            when rule = 'excluded_security' and (has_all_positions or excluded_positions > 0) then 'positions'
            when excluded_holdings > 0 then 'some_holdings'
        end as measured_by
    from joined

),

{% set measures = {
    'band': ('actual_percent', 'actual_percent', 'analysis_response_id'),
    'threshold': ('max_abs_drift_percent', 'max_abs_drift_percent', 'analysis_response_id'),
    'off_policy': ('off_policy_percent', 'off_policy_percent_then', 'analysis_response_id'),
    'overdue_rebalancing': ('days_since_rebalancing', 'days_since_rebalancing', 'analysis_response_id'),
    'minimum_cash': ('cash_percent', 'cash_percent', 'holdings_response_id'),
} -%}
{% set excluded_by = {
    'share': ('excluded_percent', 'excluded_percent', 'coalesce(found_response_id, holdings_response_id)'),
    'holdings': ('excluded_holdings', 'excluded_holdings', 'coalesce(found_response_id, holdings_response_id)'),
    'positions': (
        'excluded_positions', 'excluded_positions', 'coalesce(found_position_response_id, positions_response_id)'
    ),
    'some_holdings': ('excluded_holdings', 'excluded_holdings', 'found_response_id'),
} -%}
measured as (

    select
        *,
        {% for column in ['value', 'value_then', 'response_id'] -%}
        {%- set place = loop.index0 -%}
        case
            {% for rule, said in measures.items() -%}
            when rule = '{{ rule }}' then {{ as_told(said[place], column) }}
            {% endfor -%}
            {% for by, said in excluded_by.items() -%}
            when measured_by = '{{ by }}' then {{ as_told(said[place], column) }}
            {% endfor -%}
        end as {{ column }},
        {% endfor -%}
        case
            when rule = 'policy' then cast(null as {{ dbt.type_string() }})
            when rule = 'overdue_rebalancing' then 'days'
            when measured_by in ('holdings', 'positions', 'some_holdings') then 'count'
            else 'percent'
        end as unit,
        {% for suffix in ['', '_then'] -%}
        case
            when rule = 'threshold' then coalesce(has_unknown_drift, false)
            when rule = 'off_policy' then coalesce(has_unknown_off_policy{{ suffix }}, false)
            when rule = 'overdue_rebalancing' then coalesce(is_never_rebalanced, false)
            when measured_by = 'some_holdings' then true
            when rule = 'excluded_sector' then coalesce(holdings_without_sector, 0) > 0
            else false
        end as is_partial{{ suffix }},
        case
            when is_of_portfolio and portfolio_id is null then 'no_portfolio'
            when is_of_portfolio and not has_analysis then 'no_analysis'
            when rule = 'band' and not has_class then 'class_not_reported'
            when rule = 'threshold' and has_unknown_drift then 'class_unknown'
            when rule = 'off_policy' and has_unknown_off_policy{{ suffix }} then 'class_unknown'
            when rule = 'overdue_rebalancing' and is_never_rebalanced then 'never_rebalanced'
            when rule = 'excluded_sector' and measured_by is not null and holdings_without_sector > 0 then 'sector_unknown'
            when rule in ('minimum_cash', 'excluded_sector', 'excluded_security')
                then coalesce(unknown_reason, case when holdings_response_id is null then 'no_holdings' end)
        end as value_reason{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from told

),

judged as (

    select
        measured.*,
        nights.ips_id,
        {% for suffix in ['', '_then'] -%}
        nights.policy_version{{ suffix }},
        nights.body_response_id{{ suffix }} as policy_response_id{{ suffix }},
        {{ verdict(suffix) }} as verdict{{ suffix }}
        {{- "," if not loop.last }}
        {% endfor %}
    from measured
    inner join nights
        on measured.as_of_date = nights.as_of_date
        and measured.account_id = nights.account_id

),

final as (

    select
        as_of_date,
        account_id,
        rule,
        portfolio_id,
        subject,
        unit,
        value,
        lower_limit,
        upper_limit,
        ips_id,
        policy_version,
        verdict,
        {{ unknown_because() }} as unknown_reason,
        policy_version_then,
        value_then,
        lower_limit_then,
        upper_limit_then,
        verdict_then,
        {{ unknown_because('_then') }} as unknown_reason_then,
        response_id,
        policy_response_id
    from judged

)

select * from final
