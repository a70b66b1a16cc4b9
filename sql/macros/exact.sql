{#
    Arithmetic on decimals that neither rounds on the way nor ends the build.

    An engine raises an error when a decimal result outgrows its digits, and one absurd figure must not cost a night. So a
    figure enters arithmetic through `computable` (19 digits before the point, all 9 decimals), and what does not fit is
    null there, while the reported column keeps it.
#}
{% macro computable(figure) -%}
    {{ decimal_or_null(figure, 28, 9) }}
{%- endmacro %}


{# The figure as a decimal of these digits; null where it does not fit. #}
{% macro decimal_or_null(figure, precision, scale) -%}
    {{ adapter.dispatch('decimal_or_null')(figure, precision, scale) }}
{%- endmacro %}

{% macro default__decimal_or_null(figure, precision, scale) -%}
    try_cast({{ figure }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}

{% macro postgres__decimal_or_null(figure, precision, scale) -%}
    cast(
        case when abs(round({{ figure }}, {{ scale }})) < 1e{{ precision - scale }} then {{ figure }} end
        as decimal({{ precision }}, {{ scale }})
    )
{%- endmacro %}


{# now - before, as money or points. #}
{% macro difference(now, before) -%}
    cast({{ computable(now) }} - {{ computable(before) }} as decimal(38, 9))
{%- endmacro %}


{# a + b, as money or points. #}
{% macro total(a, b) -%}
    cast({{ computable(a) }} + {{ computable(b) }} as decimal(38, 9))
{%- endmacro %}


{# units x price: ten digits before the point each; units keep 10 decimals and prices 8, so that 38 digits hold it. #}
{% macro product(units, price) -%}
    cast({{ decimal_or_null(units, 20, 10) }} * {{ decimal_or_null(price, 18, 8) }} as decimal(38, 9))
{%- endmacro %}


{# A share, as ratio gives it, of an amount with up to eleven digits before the point. #}
{% macro share_of(amount, share) -%}
    cast({{ decimal_or_null(amount, 20, 9) }} * cast({{ share }} as decimal(18, 6)) as decimal(38, 9))
{%- endmacro %}


{#
    a / b (times 100 for percentage points), rounded half away from zero to 6 decimals. Null when b is zero or the ratio
    needs more than 12 digits before the point. Both are taken as whole billionths, because no engine's `/` on decimals
    rounds so: DuckDB's answers with a DOUBLE, Postgres' rounds at a scale of its own. Seven decimals are cut, then rounded.
    Spark's does, where the dividend leaves room for no more than six decimals.
#}
{% macro ratio(a, b, times=1) -%}
    {{ adapter.dispatch('ratio')(computable(a), computable(b), times) }}
{%- endmacro %}

{% macro default__ratio(a, b, times) -%}
    {%- set whole = 'div(' ~ a ~ ' * ' ~ 10000000 * times ~ ', nullif(' ~ b ~ ', 0))' -%}
    {{ decimal_or_null('round(' ~ whole ~ ', -1) * 0.0000001', 18, 6) }}
{%- endmacro %}

{% macro duckdb__ratio(a, b, times) -%}
    {%- set dividend = 'cast(' ~ a ~ ' * 1000000000 as hugeint) * ' ~ 10000000 * times -%}
    {%- set whole = '(' ~ dividend ~ ' // nullif(cast(' ~ b ~ ' * 1000000000 as hugeint), 0))' -%}
    cast(
        try_cast((({{ whole }} + 5 * sign({{ whole }})) // 10) as decimal(18, 0))
        * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    )
{%- endmacro %}

{% macro spark__ratio(a, b, times) -%}
    {{ decimal_or_null('cast(' ~ a ~ ' * ' ~ times ~ ' as decimal(32, 9)) / nullif(' ~ b ~ ', 0)', 18, 6) }}
{%- endmacro %}


{# The square of percentage points, to be added up; null beyond a million points. #}
{% macro square(points) -%}
    ({{ decimal_or_null(points, 15, 9) }} * {{ decimal_or_null(points, 15, 9) }})
{%- endmacro %}


{# The one function without an exact form: its 15 digits are cut to 6 decimals at once. #}
{% macro square_root(figure) -%}
    {{ adapter.dispatch('square_root')(figure) }}
{%- endmacro %}

{% macro default__square_root(figure) -%}
    {{ decimal_or_null('sqrt(' ~ figure ~ ')', 18, 6) }}
{%- endmacro %}

{% macro postgres__square_root(figure) -%}
    {{ decimal_or_null('cast(sqrt(cast(' ~ figure ~ ' as double precision)) as decimal)', 18, 6) }}
{%- endmacro %}


{# Whether two figures differ by more than the tolerance, or only one of them is there. #}
{% macro disagree(reported, recomputed, tolerance) -%}
    (
        ({{ reported }} is null) <> ({{ recomputed }} is null)
        or abs({{ difference(reported, recomputed) }}) > {{ tolerance }}
    )
{%- endmacro %}


{# A var that holds a number, as a decimal. #}
{% macro tolerance(name) -%}
    cast({{ var(name) }} as decimal(28, 9))
{%- endmacro %}


{#
    Whether a row of positions or holdings is of something held. Some lists keep a row of what is sold out, often without a
    price: it is worth nothing, in whatever currency.
#}
{% macro is_held(row) -%}
    ({{ row }}.quantity is distinct from 0 or coalesce({{ row }}.market_value, 0) <> 0)
{%- endmacro %}


{#
    Whether units were split between two nights: they changed while their cost did not. A row of what is sold out may keep
    its cost.
#}
{% macro is_split(units_before, units_now, cost_before, cost_now) -%}
    (
        {{ units_now }} <> {{ units_before }} and {{ units_before }} <> 0 and {{ units_now }} <> 0
        and {{ cost_now }} = {{ cost_before }} and {{ cost_now }} <> 0
    )
{%- endmacro %}


{# Several rows of one thing as one figure; a single row keeps every digit it was reported with. #}
{% macro added_up(figure) -%}
    case
        when count(*) = 1 then max({{ figure }})
        else cast(sum({{ computable(figure) }}) as decimal(38, 9))
    end
{%- endmacro %}
