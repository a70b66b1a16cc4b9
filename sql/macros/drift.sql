{# What allocation_drift_daily and allocation_drift_daily_as_of say alike. #}

{#
    How far the actual share is outside the band: below it is negative, inside is zero; unknown where an end of it is, or is
    more than can be computed with.
#}
{% macro band_distance(low, high) -%}
    case
        when actual_percent > {{ high }} then {{ difference('actual_percent', high) }}
        when actual_percent < {{ low }} then {{ difference('actual_percent', low) }}
        when actual_percent is not null and {{ computable(low) }} is not null and {{ computable(high) }} is not null then 0
    end
{%- endmacro %}
