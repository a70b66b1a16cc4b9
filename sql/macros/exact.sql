{#
    Arithmetic on decimals that neither rounds on the way nor ends the build.

    DuckDB raises an error when a decimal result outgrows 38 digits, and one absurd figure must not cost a night. So a
    figure enters arithmetic through `computable` (19 digits before the point, all 9 decimals), and what does not fit
    is null there, while the reported column keeps it.
#}
{% macro computable(figure) -%}
    try_cast({{ figure }} as decimal(28, 9))
{%- endmacro %}


{# now - before, as money or points. #}
{% macro difference(now, before) -%}
    cast({{ computable(now) }} - {{ computable(before) }} as decimal(38, 9))
{%- endmacro %}


{# units x price: ten digits before the point each; units keep 10 decimals and prices 8, so that 38 digits hold it. #}
{% macro product(units, price) -%}
    cast(try_cast({{ units }} as decimal(20, 10)) * try_cast({{ price }} as decimal(18, 8)) as decimal(38, 9))
{%- endmacro %}


{#
    a / b (times 100 for percentage points), rounded half away from zero to 6 decimals, by whole numbers only: DuckDB's
    `/` answers with a DOUBLE. Null when b is zero or the ratio needs more than 12 digits before the point.
#}
{% macro ratio(a, b, times=1) -%}
    cast(
        try_cast(
            {{ divided_by_ten_rounded(
                "(cast(" ~ computable(a) ~ " * 1000000000 as hugeint) * " ~ (10000000 * times)
                ~ " // nullif(cast(" ~ computable(b) ~ " * 1000000000 as hugeint), 0))"
            ) }} as decimal(18, 0)
        ) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    )
{%- endmacro %}


{% macro divided_by_ten_rounded(whole_number) -%}
    (({{ whole_number }} + 5 * sign({{ whole_number }})) // 10)
{%- endmacro %}


{# The square of percentage points, to be added up; null beyond a million points. #}
{% macro square(points) -%}
    (try_cast({{ points }} as decimal(15, 9)) * try_cast({{ points }} as decimal(15, 9)))
{%- endmacro %}


{# The one function without an exact form: its 15 digits are cut to 6 decimals at once. #}
{% macro square_root(figure) -%}
    try_cast(sqrt({{ figure }}) as decimal(18, 6))
{%- endmacro %}


{# A var that holds a number, as a decimal. #}
{% macro tolerance(name) -%}
    cast({{ var(name) }} as decimal(28, 9))
{%- endmacro %}


{# Several rows of one thing as one figure; a single row keeps every digit it was reported with. #}
{% macro added_up(figure) -%}
    case
        when count(*) = 1 then max({{ figure }})
        else cast(sum({{ computable(figure) }}) as decimal(38, 9))
    end
{%- endmacro %}
