{# What came of an account's requests to one endpoint on a night: the worst of them; null where none was expected. #}
{% macro worst_outcome(endpoint) -%}
    coalesce(
        {% for outcome in ['failed', 'rejected'] -%}
        min(case when endpoint = '{{ endpoint }}' and outcome = '{{ outcome }}' then outcome end),
        {% endfor -%}
        min(case when endpoint = '{{ endpoint }}' and outcome is null then 'not_asked' end),
        {% for outcome in ['ok', 'absent', 'disabled'] -%}
        min(case when endpoint = '{{ endpoint }}' and outcome = '{{ outcome }}' then outcome end)
        {{- "," if not loop.last }}
        {% endfor -%}
    )
{%- endmacro %}
