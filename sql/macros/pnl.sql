{# What P&L figures are measured from: expressions over a report and the one before it (previous_on, previous_start_date). #}

{# Whether a report is the account's first, on the day it opened: all of it is the day's. #}
{% macro is_opening() -%}
    previous_on is null and opened_on = as_of_date
{%- endmacro %}


{# Whether the report before has the same beginning: figures of different windows have no difference. #}
{% macro is_comparable() -%}
    previous_on is not null and (previous_start_date is not distinct from start_date)
{%- endmacro %}


{# Calendar days since the observed night before; 1 on the opening day. #}
{% macro days_covered() -%}
    case
            when previous_on is not null then cast({{ days_between('previous_on', 'as_of_date') }} as bigint)
            when opened_on = as_of_date then 1
        end
{%- endmacro %}


{# A day's figure: since the observed night before; all of it on the opening day; unknown otherwise. #}
{% macro day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}


{# Likewise for a symbol or class: what an earlier report did not name stood at zero then. #}
{% macro item_day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable and is_first_row then {{ measure }}
        when is_comparable then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}


{# Since the last observed night before the period; all of it when the account opened within the period. #}
{% macro to_date_value(base) -%}
    case
        when {{ base }}.base_on is null and compared.opened_on >= {{ base }}.period_start then compared.total_pnl
        when {{ base }}.base_on is not null and ({{ base }}.base_start_date is not distinct from compared.start_date)
            then {{ difference('compared.total_pnl', base ~ '.base_total_pnl') }}
    end
{%- endmacro %}
