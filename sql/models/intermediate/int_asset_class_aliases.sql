{{ config(materialized='table') }}

-- Names that are usual for one kind of asset, in lower case. They are shown beside a name and merge nothing: whether the
-- `stocks` of an analysis are the `equities` of a policy is Bluum's to say, and a class that is measured against the wrong
-- band would be wrong without a word.
{% set groups = {
        'equities': ['equities', 'equity', 'stocks', 'stock', 'common_stock', 'us_equity', 'us_equities', 'us_stocks',
        'intl_equity', 'international_equity'],
    'fixed_income': ['fixed_income', 'fixed income', 'bonds', 'bond', 'fixed-income'],
    'treasury': ['treasury', 'treasuries', 'note', 'bill'],
    'cash': ['cash', 'cash_equivalents', 'cash and equivalents', 'money_market'],
    'funds': ['etf', 'etfs', 'mutual_fund', 'mutual_funds', 'fund', 'funds'],
    'crypto': ['crypto', 'cryptocurrency', 'cryptocurrencies', 'digital_assets'],
    'real_estate': ['real_estate', 'real estate', 'reit', 'reits'],
    'commodities': ['commodities', 'commodity'],
    'alternatives': ['alternatives', 'alternative'],
    'options': ['options', 'option', 'us_option'],
} -%}

with

final as (

    {% for group, aliases in groups.items() -%}
    {% set is_last = loop.last -%}
    {% for alias in aliases -%}
    select
        '{{ alias }}' as alias,
        '{{ group }}' as asset_class_group
    {{ "union all" if not (is_last and loop.last) }}
    {% endfor -%}
    {% endfor %}

)

select * from final
