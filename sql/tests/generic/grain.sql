{# The columns identify a row: none is null, and no two rows share them. #}
{% test grain(model, columns) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as number_of_rows
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1 or {% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %}
{% endtest %}
