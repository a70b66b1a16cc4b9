{# What the models of compliance say alike. #}

{# The name of a sector as policies and holdings are compared by it: `Real Estate` and `real_estate` are one. #}
{% macro sector_name(name) -%}
    lower(replace(replace(trim({{ name }}), ' ', '_'), '-', '_'))
{%- endmacro %}


{# The symbol of a security, likewise. #}
{% macro symbol_name(name) -%}
    upper(trim({{ name }}))
{%- endmacro %}


{#
    What the value says of the rule, as known now or (suffix `_then`) as known that night. A value of which only a part is
    known (is_partial) is at least so large: it can be outside, and never inside. A drift at its threshold is outside.
#}
{% macro verdict(suffix='') -%}
    {%- set value = computable('value' ~ suffix) -%}
    {%- set low, high = computable('lower_limit' ~ suffix), computable('upper_limit' ~ suffix) -%}
    case
        when not is_ruled{{ suffix }} then 'unknown'
        when {{ value }} > {{ high }} or {{ value }} < {{ low }} then 'outside'
        when rule = 'threshold' and {{ value }} = {{ high }} then 'outside'
        when {{ value }} is null or is_partial{{ suffix }} then 'unknown'
        when {{ high }} is null and rule <> 'minimum_cash' then 'unknown'
        when {{ low }} is null and rule in ('band', 'minimum_cash') then 'unknown'
        else 'inside'
    end
{%- endmacro %}


{# Why it is unknown: what the policy lacks, then what the value lacks, then what the limits lack. #}
{% macro unknown_because(suffix='') -%}
    case
        when verdict{{ suffix }} <> 'unknown' then cast(null as {{ dbt.type_string() }})
        when not is_ruled{{ suffix }} and not is_without_rules{{ suffix }} then 'not_ruled'
        when rule = 'policy' and policy_version{{ suffix }} is null then 'no_policy'
        when rule = 'policy' and policy_response_id{{ suffix }} is null then 'policy_unread'
        when rule = 'policy' then 'no_rules'
        when value_reason{{ suffix }} is not null then value_reason{{ suffix }}
        when rule = 'overdue_rebalancing' and upper_limit{{ suffix }} is null then 'unknown_frequency'
        when value{{ suffix }} is null then 'value_unknown'
        else 'limit_unknown'
    end
{%- endmacro %}


{# A value of any number type as the decimal of the mart; the id of an answer as it is. #}
{% macro as_told(figure, column) -%}
    {{ figure if column == 'response_id' else 'cast(' ~ figure ~ ' as decimal(38, 9))' }}
{%- endmacro %}
