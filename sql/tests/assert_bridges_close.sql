{{ config(severity='error', meta={'dagster': {'ref': {'name': 'pnl_bridge'}}}) }}

-- Opening and the lines of a bridge are its closing, each component is what pnl_periods says, and a period without a bridge
-- says why. Asked of what was built tonight.
{% set measures = [
    'realized_pnl', 'unrealized_pnl', 'dividend_income', 'interest_income', 'fees_paid', 'total_pnl',
] -%}

with

lines as (

    select * from {{ ref('pnl_bridge') }} as bridges
    where {{ is_changed('bridges.account_id', 'bridges.period_end') }}

),

bridges as (

    select
        account_id,
        period_kind,
        period_start,
        max(case when line = 'not_told' then 1 else 0 end) as not_told,
        count(case when line in ('opening', 'closing') then 1 end) as ends,
        count(*) as number_of_lines,
        count(amount) as amounts,
        count(unknown_reason) as reasons,
        cast(sum(case when line = 'closing' then amount end) as decimal(38, 9)) as closing,
        cast(sum(case when line <> 'closing' then amount end) as decimal(38, 9)) as opening_and_lines,
        cast(sum(case when line in ('realized_pnl', 'unrealized_pnl', 'residual') then amount end) as decimal(38, 9))
            as total_pnl,
        cast(sum(case when line = 'fees_paid' then -amount end) as decimal(38, 9)) as fees_paid,
        {% for measure in measures[:4] -%}
        cast(sum(case when line = '{{ measure }}' then amount end) as decimal(38, 9)) as {{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from lines
    group by account_id, period_kind, period_start

),

final as (

    select bridges.*
    from {{ ref('pnl_periods') }} as periods
    left join bridges
        on periods.account_id = bridges.account_id
        and periods.period_kind = bridges.period_kind
        and periods.period_start = bridges.period_start
    where {{ is_changed('periods.account_id', 'periods.period_end') }}
        and (
            bridges.account_id is null
            or (bridges.not_told = 1 and (bridges.number_of_lines > 1 or bridges.reasons = 0 or bridges.amounts > 0))
            or (
                bridges.not_told = 0
                and (
                    bridges.ends <> 2
                    or bridges.reasons > 0
                    or bridges.amounts < bridges.number_of_lines
                    or bridges.opening_and_lines <> bridges.closing
                    {% for measure in measures -%}
                    or bridges.{{ measure }} is distinct from periods.{{ measure }}
                    {% endfor %}
                )
            )
        )

)

select * from final
