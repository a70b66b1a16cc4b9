{{ config(materialized='table') }}

-- The US federal rate on long-term gains that goes with a bracket of ordinary income, in percentage points: 26 U.S.C. 1(h),
-- as IRS Topic 409 tells it. The two scales do not change at the same incomes; this is the rate of most of a bracket.

with

final as (

    {% for bracket, rate in [(10, 0), (12, 0), (22, 15), (24, 15), (32, 15), (35, 15), (37, 20)] -%}
    select
        cast({{ bracket }} as decimal(38, 9)) as tax_bracket_percent,
        cast({{ rate }} as decimal(38, 9)) as long_term_rate_percent
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from final
