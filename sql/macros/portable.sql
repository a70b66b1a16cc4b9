{# What each engine spells its own way. #}

{# Text member of a JSON object kept as text; null when there is none. #}
{% macro json_text(json, member) -%}
    json_extract_string({{ json }}, '$.{{ member }}')
{%- endmacro %}


{# A text as a whole number; null where it is none. #}
{% macro whole_number(text) -%}
    try_cast({{ text }} as bigint)
{%- endmacro %}


{# One text that differs when any of the columns differs. #}
{% macro fingerprint(columns) -%}
    md5(concat_ws('|', {% for column in columns %}coalesce(cast({{ column }} as varchar), '~'){{ ", " if not loop.last }}{% endfor %}))
{%- endmacro %}


{# The day itself from Monday to Friday, else the Friday before. #}
{% macro weekday_on_or_before(day) -%}
    (cast({{ day }} as date) - greatest(cast(extract(isodow from {{ day }}) as integer) - 5, 0))
{%- endmacro %}


{# How many days from Monday to Friday there are, from the first day to the last, both counted. #}
{% macro weekdays_between(first_day, last_day) -%}
    ({{ weekdays_until(last_day) }} - {{ weekdays_until('(' ~ first_day ~ ' - 1)') }})
{%- endmacro %}


{# How many of them since Monday, 5 January 1970. #}
{% macro weekdays_until(day) -%}
    ((({{ day }} - date '1970-01-05') // 7) * 5 + least((({{ day }} - date '1970-01-05') % 7) + 1, 5))
{%- endmacro %}


{# First day of the period that holds the day; period_kind is week (from Monday), month, quarter or year. #}
{% macro period_start(period_kind, day) -%}
    cast(date_trunc({{ period_kind }}, {{ day }}) as date)
{%- endmacro %}
