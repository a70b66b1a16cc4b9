{#
    Descriptions of a table that is kept stay on it: only one that is made anew has to be told them. (Here dbt would tell
    every table every night.)
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {% if not is_incremental() -%}
    {{ return(default__persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif %}
{%- endmacro %}
