{#
    The P&L models share two CTE fragments.

    `pnl_reports_in_scope` gives `reports`: the report that counts per account and end date. An incremental build reads,
    before the first night it writes again, only the nights that later figures are measured from.
    `pnl_days` goes from `reports` to `days`: one text for pnl_daily and for pnl_daily_as_of, so that both answer alike.
#}
{% macro pnl_reports_in_scope(since_year_start=false) -%}
current_reports as (

    select * from {{ ref('int_pnl_reports_judged') }}
    where is_current and has_report

),

{% if is_incremental() -%}
measured_from as (

    select
        scope.account_id,
        scope.from_date,
        max(case when earlier.as_of_date < scope.from_date then earlier.as_of_date end) as previous_on,
        {% for period_kind in ['week', 'month', 'quarter', 'year'] -%}
        max(
            case
                when earlier.as_of_date < {{ period_start("'" ~ period_kind ~ "'", 'scope.from_date') }}
                    then earlier.as_of_date
            end
        ) as before_{{ period_kind }}_on,
        {% endfor -%}
        max(case when earlier.as_of_date < scope.from_date then earlier.total_pnl end) as highest_before
    from {{ scope() }} as scope
    left join current_reports as earlier
        on scope.account_id = earlier.account_id
    group by scope.account_id, scope.from_date

),

reports as (

    select
        current_reports.*,
        current_reports.as_of_date >= measured_from.from_date as is_in_scope,
        coalesce(current_reports.as_of_date = measured_from.previous_on, false) as is_previous,
        measured_from.from_date,
        measured_from.highest_before
    from current_reports
    inner join measured_from
        on current_reports.account_id = measured_from.account_id
    where current_reports.as_of_date >= measured_from.from_date
        or current_reports.as_of_date = measured_from.previous_on
        or current_reports.as_of_date = measured_from.before_week_on
        or current_reports.as_of_date = measured_from.before_month_on
        or current_reports.as_of_date = measured_from.before_quarter_on
        or current_reports.as_of_date = measured_from.before_year_on
        {% if since_year_start -%}
        or current_reports.as_of_date >= {{ period_start("'year'", 'measured_from.from_date') }}
        or current_reports.as_of_date >= {{ period_start("'week'", 'measured_from.from_date') }}
        {%- endif %}

)
{%- else -%}
reports as (

    select
        *,
        true as is_in_scope,
        false as is_previous,
        cast(null as date) as from_date,
        cast(null as decimal(38, 9)) as highest_before
    from current_reports

)
{%- endif %}
{%- endmacro %}


{# A day's figure: since the observed night before; all of it on the opening day; unknown otherwise. #}
{% macro day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}


{# Nights in order, with what each is measured from. #}
{% macro pnl_sequence_flags() -%}
    previous_on is null and opened_on = as_of_date as is_opening,
        previous_on is not null and (previous_start_date is not distinct from start_date) as is_comparable,
        case
            when previous_on is not null then {{ days_between('previous_on', 'as_of_date') }}
            when opened_on = as_of_date then 1
        end as days_covered
{%- endmacro %}


{# Since the last observed night before the period; all of it when the account opened within the period. #}
{% macro to_date_value(base) -%}
    case
        when {{ base }}.base_on is null and compared.opened_on >= {{ base }}.period_start then compared.total_pnl
        when {{ base }}.base_on is not null and ({{ base }}.base_start_date is not distinct from compared.start_date)
            then {{ difference('compared.total_pnl', base ~ '.base_total_pnl') }}
    end
{%- endmacro %}


{% macro pnl_days() -%}
sequenced as (

    select
        *,
        lag(as_of_date) over series as previous_on,
        lag(start_date) over series as previous_start_date,
        lag(total_pnl) over series as previous_total_pnl,
        lag(realized_pnl) over series as previous_realized_pnl,
        lag(unrealized_pnl) over series as previous_unrealized_pnl,
        lag(dividend_income) over series as previous_dividend_income,
        lag(interest_income) over series as previous_interest_income,
        lag(fees_paid) over series as previous_fees_paid,
        lag(short_term_gains) over series as previous_short_term_gains,
        lag(short_term_losses) over series as previous_short_term_losses,
        lag(long_term_gains) over series as previous_long_term_gains,
        lag(long_term_losses) over series as previous_long_term_losses,
        greatest(
            highest_before,
            max(total_pnl) over (
                partition by account_id order by as_of_date rows between unbounded preceding and current row
            )
        ) as highest_total_pnl
    from reports
    window series as (partition by account_id order by as_of_date)

),

compared as (

    select
        *,
        {{ pnl_sequence_flags() }}
    from sequenced

),

period_closes as (

    select
        reports.account_id,
        kinds.period_kind,
        {{ period_start('kinds.period_kind', 'reports.as_of_date') }} as period_start,
        reports.as_of_date,
        reports.start_date,
        reports.total_pnl,
        row_number() over (
            partition by
                reports.account_id,
                kinds.period_kind,
                {{ period_start('kinds.period_kind', 'reports.as_of_date') }}
            order by reports.as_of_date desc
        ) as recency
    from reports
    cross join (values ('month'), ('quarter'), ('year')) as kinds (period_kind)

),

period_bases as (

    select
        account_id,
        period_kind,
        period_start,
        lag(as_of_date) over periods as base_on,
        lag(start_date) over periods as base_start_date,
        lag(total_pnl) over periods as base_total_pnl
    from period_closes
    where recency = 1
    window periods as (partition by account_id, period_kind order by period_start)

),

days as (

    select
        compared.as_of_date,
        compared.account_id,
        compared.currency,
        compared.days_covered,
        {{ day_value('total_pnl') }} as total_pnl,
        {{ day_value('realized_pnl') }} as realized_pnl,
        {{ day_value('unrealized_pnl') }} as unrealized_pnl,
        {{ day_value('dividend_income') }} as dividend_income,
        {{ day_value('interest_income') }} as interest_income,
        {{ day_value('fees_paid') }} as fees_paid,
        {{ day_value('short_term_gains') }} as short_term_gains,
        {{ day_value('short_term_losses') }} as short_term_losses,
        {{ day_value('long_term_gains') }} as long_term_gains,
        {{ day_value('long_term_losses') }} as long_term_losses,
        compared.total_pnl as total_pnl_itd,
        compared.realized_pnl as realized_pnl_itd,
        compared.unrealized_pnl as unrealized_pnl_itd,
        compared.dividend_income as dividend_income_itd,
        compared.interest_income as interest_income_itd,
        compared.fees_paid as fees_paid_itd,
        compared.short_term_gains as short_term_gains_itd,
        compared.short_term_losses as short_term_losses_itd,
        compared.long_term_gains as long_term_gains_itd,
        compared.long_term_losses as long_term_losses_itd,
        {{ to_date_value('months') }} as total_pnl_mtd,
        {{ to_date_value('quarters') }} as total_pnl_qtd,
        {{ to_date_value('years') }} as total_pnl_ytd,
        {{ difference('compared.total_pnl', 'compared.highest_total_pnl') }} as drawdown_amount,
        compared.is_restated,
        compared.response_id,
        compared.is_in_scope
    from compared
    {% for period_kind in ['month', 'quarter', 'year'] -%}
    left join period_bases as {{ period_kind }}s
        on compared.account_id = {{ period_kind }}s.account_id
        and {{ period_kind }}s.period_kind = '{{ period_kind }}'
        and {{ period_kind }}s.period_start = {{ period_start("'" ~ period_kind ~ "'", 'compared.as_of_date') }}
    {% endfor %}

)
{%- endmacro %}


{# Likewise for a symbol or class: what an earlier report did not name stood at zero then. #}
{% macro item_day_value(measure) -%}
    case
        when is_opening then {{ measure }}
        when is_comparable and is_first_row then {{ measure }}
        when is_comparable then {{ difference(measure, 'previous_' ~ measure) }}
    end
{%- endmacro %}
