{# The columns identify a row: no two rows share them, and none is null but those that say so (`nullable`). #}
{% test grain(model, columns, nullable=[]) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as number_of_rows
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
        {%- for column in columns if column not in nullable %} or {{ column }} is null{% endfor %}
{% endtest %}
