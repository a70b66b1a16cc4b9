{#
    A schema is named exactly as the project says: `marts`, not `main_marts`. In a lake, what readers see are views of one
    snapshot, which `bluum` makes of what dbt has built in `marts_next` and `audit_next`.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name or target.schema -%}
    {%- set is_lake = target.name == 'ducklake' or (target.get('path') or '').startswith('ducklake:') -%}
    {{ name ~ '_next' if is_lake and name in ('marts', 'audit') else name }}
{%- endmacro %}
