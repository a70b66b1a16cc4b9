{#
    How much memory DuckDB may take; by itself it takes 80 % of the machine's. What does not fit goes beside the file, or
    for a lake into .tmp where dbt works, which is the data folder.
#}
{% macro bound_memory() -%}
    {% if execute and target.type == 'duckdb' and env_var('BLUUM_MEMORY_LIMIT', '') -%}
    set global memory_limit = '{{ env_var('BLUUM_MEMORY_LIMIT') }}'
    {%- endif %}
{%- endmacro %}
