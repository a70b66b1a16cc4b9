{#
    Descriptions of a table that is kept stay on it: only one that is made anew has to be told them. (Here dbt would tell
    every table every night.) A lake takes none for the columns of a view.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {% if not is_incremental() -%}
    {%- set takes_columns = for_columns and not (relation.is_view and adapter.is_ducklake(relation)) -%}
    {{ return(default__persist_docs(relation, model, for_relation, takes_columns)) }}
    {%- endif %}
{%- endmacro %}
