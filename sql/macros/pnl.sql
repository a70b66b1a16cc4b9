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


{# By how much each figure differs from the first report about the same date; one that is not told counts as zero. #}
{% macro moved_since_first() -%}
    {%- set moved = [] -%}
    {%- for measure in pnl_measures() -%}
        {%- do moved.append(difference('coalesce(' ~ measure ~ ', 0)', 'coalesce(first_' ~ measure ~ ', 0)')) -%}
    {%- endfor -%}
    {{ return(moved) }}
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


{# Inception-to-date figures have a difference when they are in one currency, about windows with the same beginning. #}
{% macro is_comparable() -%}
    previous_on is not null
    and (previous_start_date is not distinct from start_date)
    and (previous_currency is not distinct from currency)
{%- endmacro %}


{#
    Whether a difference is taken between two vintages: one of its reports has read otherwise, or was first asked late, since
    the other was asked. Which of the days a correction belongs to is not known until the other is asked again.
#}
{% macro is_mixed_vintage() -%}
    coalesce(vintage_on > previous_asked_on, false) or coalesce(previous_vintage_on > asked_on, false)
{%- endmacro %}


{# Realized and unrealized P&L with income, less fees. #}
{% macro net_pnl(prefix='') -%}
    cast(
        {{ computable(prefix ~ 'total_pnl') }} + {{ computable(prefix ~ 'dividend_income') }}
        + {{ computable(prefix ~ 'interest_income') }} - {{ computable(prefix ~ 'fees_paid') }} as decimal(38, 9)
    )
{%- endmacro %}


{# A figure since the night or period before; all of it at the opening; unknown otherwise. #}
{% macro day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}


{#
    Likewise for a symbol or class. One that appears has earned all it shows since the night before, if it has begun then: see
    int_pnl_items_daily. A rename makes no profit. What is not told here is (unattributed).
#}
{% macro item_day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable and has_begun and was_whole_{{ measure }} then {{ measure }}
        when is_comparable and not is_first_row then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}


{# Since the last observed night before the period; all of it when the account opened within the period. #}
{% macro to_date_value(base) -%}
    case
        when {{ base }}.base_on is null and nights.opened_on >= {{ base }}.period_start then nights.total_pnl
        when {{ base }}.base_on is not null and ({{ base }}.base_start_date is not distinct from nights.start_date)
            and ({{ base }}.base_currency is not distinct from nights.currency)
            then {{ difference('nights.total_pnl', base ~ '.base_total_pnl') }}
    end
{%- endmacro %}


{# The day after which a figure to date counts: the last observed night before the period, or the day before the opening. #}
{% macro to_date_since(base) -%}
    case
        when {{ base }}.base_on is not null then {{ base }}.base_on
        when nights.opened_on >= {{ base }}.period_start then {{ days_after('nights.opened_on', -1) }}
    end
{%- endmacro %}
