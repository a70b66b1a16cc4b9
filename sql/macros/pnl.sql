{#
    What the P&L models and pnl_daily_as_of say alike: expressions over a row that knows the night or period before it.
    Which rows there are is the models' business.
#}
{% macro pnl_measures() -%}
    {{ return([
        'total_pnl', 'realized_pnl', 'unrealized_pnl', 'dividend_income', 'interest_income', 'fees_paid',
        'short_term_gains', 'short_term_losses', 'long_term_gains', 'long_term_losses',
    ]) }}
{%- endmacro %}


{# How many days a night's figures are about; unknown on the first night of an older account. #}
{% macro days_covered() -%}
    case
        when previous_on is not null then {{ days_between('previous_on', 'as_of_date') }}
        when opened_on = as_of_date then 1
    end
{%- endmacro %}


{# Whether all that the report tells was earned on its own day. #}
{% macro is_opening_night() -%}
    previous_on is null and opened_on = as_of_date
{%- endmacro %}


{# Inception-to-date figures have a difference when they are about windows with the same beginning. #}
{% macro is_comparable() -%}
    previous_on is not null and (previous_start_date is not distinct from start_date)
{%- endmacro %}


{# A figure since the night or period before; all of it at the opening; unknown otherwise. #}
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
        when {{ base }}.base_on is null and nights.opened_on >= {{ base }}.period_start then nights.total_pnl
        when {{ base }}.base_on is not null and ({{ base }}.base_start_date is not distinct from nights.start_date)
            then {{ difference('nights.total_pnl', base ~ '.base_total_pnl') }}
    end
{%- endmacro %}
