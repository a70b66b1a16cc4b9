{#
    What engines spell differently: dbt's own macros first, then the plain form, then an engine's where it departs from it.
    Arithmetic is in exact.sql.
#}

{# Texts are ordered by their bytes everywhere but on Postgres, where the database says how: it has to say the same. #}
{% macro require_byte_order() -%}
    {% if execute and target.type == 'postgres' and flags.WHICH in ('build', 'run') -%}
    {%- set other = "datlocprovider = 'i' or datcollate not in ('C', 'POSIX', 'C.UTF-8', 'C.utf8')" -%}
    {%- set found = run_query("select datname from pg_database where datname = current_database() and (" ~ other ~ ")") -%}
    {%- if found.rows -%}
    {{ exceptions.raise_compiler_error(
        "The database " ~ target.dbname ~ " orders texts by a language, so that its marts would differ from others'. Nothing"
        ~ " was built. Create one with `template template0 lc_collate 'C' lc_ctype 'C'`."
    ) }}
    {%- endif -%}
    {%- endif %}
{%- endmacro %}


{# Postgres plans a query of a table that it has not looked at as if it were empty, and takes minutes for seconds. #}
{% macro gather_statistics() -%}
    {% if target.type == 'postgres' and config.get('materialized') in ('table', 'incremental') -%}
    analyze {{ this }}
    {%- endif %}
{%- endmacro %}


{# It takes the rows of a step for few, too, and would compare all with all: its joins are by hash or by order instead. #}
{% macro join_by_hash() -%}
    {% if target.type == 'postgres' and config.get('materialized') in ('table', 'incremental') -%}
    set local enable_nestloop = off
    {%- endif %}
{%- endmacro %}


{# An instant; what dbt calls `timestamp` has no zone on most engines. Contracts say the same in their own words. #}
{% macro type_instant() -%}
    {{ adapter.dispatch('type_instant')() }}
{%- endmacro %}

{% macro default__type_instant() -%}
    timestamp with time zone
{%- endmacro %}

{% macro spark__type_instant() -%}
    timestamp
{%- endmacro %}


{# A text as another type; null where it is none. #}
{% macro cast_or_null(text, type) -%}
    {{ adapter.dispatch('cast_or_null')(text, type) }}
{%- endmacro %}

{% macro default__cast_or_null(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{% macro postgres__cast_or_null(text, type) -%}
    case when pg_input_is_valid({{ text }}, '{{ type }}') then cast({{ text }} as {{ type }}) end
{%- endmacro %}


{# A text as a whole number, rounded; null where it is none. #}
{% macro whole_number(text) -%}
    {{ adapter.dispatch('whole_number')(text) }}
{%- endmacro %}

{% macro default__whole_number(text) -%}
    {{ cast_or_null(text, 'bigint') }}
{%- endmacro %}

{% macro postgres__whole_number(text) -%}
    cast({{ decimal_or_null(cast_or_null(text, 'decimal'), 18, 0) }} as bigint)
{%- endmacro %}

{% macro spark__whole_number(text) -%}
    cast({{ decimal_or_null(text, 18, 0) }} as bigint)
{%- endmacro %}


{# Text member of a JSON object kept as text; null when there is none. #}
{% macro json_text(json, member) -%}
    {{ adapter.dispatch('json_text')(json, member) }}
{%- endmacro %}

{% macro default__json_text(json, member) -%}
    get_json_object({{ json }}, '$.{{ member }}')
{%- endmacro %}

{% macro duckdb__json_text(json, member) -%}
    json_extract_string({{ json }}, '$.{{ member }}')
{%- endmacro %}

{% macro postgres__json_text(json, member) -%}
    (cast({{ json }} as json) ->> '{{ member }}')
{%- endmacro %}


{# A figure or text as text, a figure with all of its digits and no exponent. #}
{% macro plain_text(column) -%}
    {{ adapter.dispatch('plain_text')(column) }}
{%- endmacro %}

{% macro default__plain_text(column) -%}
    cast({{ column }} as {{ dbt.type_string() }})
{%- endmacro %}

{# Spark writes decimals of nine places below a millionth as `1E-9`, zero as `0E-9`: their digits are the last ones. #}
{% macro spark__plain_text(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as string)' -%}
    case
        when {{ text }} rlike '^-?[0-9.]+E-[0-9]+$'
            then concat(
                case when {{ text }} like '-%' then '-' else '' end,
                '0.',
                lpad(regexp_replace(split({{ text }}, 'E')[0], '[^0-9]', ''), 9, '0')
            )
        else {{ text }}
    end
{%- endmacro %}


{# One text that differs when any of the columns differs. #}
{% macro fingerprint(columns) -%}
    {%- set texts = [] -%}
    {%- for column in columns -%}
        {%- do texts.append("coalesce(" ~ plain_text(column) ~ ", '~')") -%}
    {%- endfor -%}
    {{ dbt.hash("concat_ws('|', " ~ texts | join(', ') ~ ")") }}
{%- endmacro %}


{# The texts of a group, one after the other in an order that does not change. #}
{% macro joined_texts(text, order_by) -%}
    {{ adapter.dispatch('joined_texts')(text, order_by) }}
{%- endmacro %}

{% macro default__joined_texts(text, order_by) -%}
    {{ dbt.listagg(text, "''", 'order by ' ~ order_by) }}
{%- endmacro %}

{% macro spark__joined_texts(text, order_by) -%}
    array_join(array_sort(collect_list({{ text }})), '')
{%- endmacro %}


{# From Monday, 1, to Sunday, 7. #}
{% macro weekday_number(day) -%}
    {{ adapter.dispatch('weekday_number')(day) }}
{%- endmacro %}

{% macro default__weekday_number(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro spark__weekday_number(day) -%}
    cast(extract(dayofweek_iso from {{ day }}) as integer)
{%- endmacro %}


{# A day's year, quarter, month or week (of ISO 8601), as a number. #}
{% macro part_of(part, day) -%}
    cast(extract({{ part }} from {{ day }}) as bigint)
{%- endmacro %}


{# The day in New York on which an instant lies. #}
{% macro market_date(instant) -%}
    {{ adapter.dispatch('market_date')(instant) }}
{%- endmacro %}

{% macro default__market_date(instant) -%}
    cast(timezone('America/New_York', {{ instant }}) as date)
{%- endmacro %}

{% macro spark__market_date(instant) -%}
    cast(from_utc_timestamp({{ instant }}, 'America/New_York') as date)
{%- endmacro %}


{# How many days the second day is after the first. #}
{% macro days_between(first_day, second_day) -%}
    cast({{ dbt.datediff(first_day, second_day, 'day') }} as bigint)
{%- endmacro %}


{# The day so many days later; earlier, if negative. #}
{% macro days_after(day, number) -%}
    cast({{ dbt.dateadd('day', number, day) }} as date)
{%- endmacro %}


{# First day of the period that holds the day; period_kind is week (from Monday), month, quarter or year. #}
{% macro period_start(period_kind, day) -%}
    cast(date_trunc({{ period_kind }}, {{ day }}) as date)
{%- endmacro %}


{# Last day of the period that begins on the day. #}
{% macro period_end(period_kind, first_day) -%}
    {%- set next -%}
        case {{ period_kind }}
            when 'week' then {{ days_after(first_day, 7) }}
            when 'month' then cast({{ dbt.dateadd('month', 1, first_day) }} as date)
            when 'quarter' then cast({{ dbt.dateadd('month', 3, first_day) }} as date)
            when 'year' then cast({{ dbt.dateadd('year', 1, first_day) }} as date)
        end
    {%- endset -%}
    {{ days_after(next, -1) }}
{%- endmacro %}
