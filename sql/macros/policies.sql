{# Whether a version of a policy is in force on a night, and whether it was known to be so by then. #}
{% macro in_force(night, version) -%}
    {{ night }} >= {{ version }}.effective_from
    and {{ night }} < coalesce({{ version }}.effective_to, cast('9999-12-31' as date))
{%- endmacro %}

{% macro known_by(night, version) -%}
    {{ night }} >= {{ version }}.known_on
    and {{ night }} < coalesce({{ version }}.superseded_on, cast('9999-12-31' as date))
{%- endmacro %}
