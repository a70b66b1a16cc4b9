{#
    How an incremental model knows what to do again.

    Every committed load gets a number when dbt first sees it (int_loads_numbered). Each incremental model notes, in the
    transaction that writes its rows, the number it has caught up with (`watermarks`). The next build reads what the
    loads after that number touched into a temporary table (`scope`), computes exactly that, deletes exactly that and
    inserts it. A build that dies leaves rows and note as they were, so doing it again gives the same.

    Numbers, not dlt's load ids, because those are clock readings and a clock can be set back.
#}
{% macro create_watermarks() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        create schema if not exists intermediate;
        create table if not exists intermediate.watermarks (model varchar not null, change_number bigint not null);
    {% endif %}
{% endmacro %}


{# The number this model has caught up with. #}
{% macro watermark(model=none) -%}
    (select coalesce(max(change_number), 0) from intermediate.watermarks where model = '{{ model or this.identifier }}')
{%- endmacro %}


{# Post-hook: note how far this model has come; never further than the incremental models it reads. #}
{% macro caught_up(parents=[]) -%}
    insert into intermediate.watermarks
    select model, change_number
    from (
        select
            '{{ this.identifier }}' as model,
            least(
                {{ newest_change() }}
                {%- for parent in parents %}, {{ watermark(parent) }}{% endfor %}
            ) as change_number
    ) as reached
    where change_number > {{ watermark() }}
{%- endmacro %}


{# The loads this model has not caught up with. #}
{% macro new_loads() -%}
    (select load_id from {{ ref('int_loads_numbered') }} where change_number > {{ watermark() }})
{%- endmacro %}


{# The number of the newest load: what an intermediate model stamps on the rows it writes, for its children. #}
{% macro newest_change() -%}
    {#- A model that refers to itself would be its own parent, which Dagster does not survive. -#}
    (select coalesce(max(change_number), 0) from {{ this if this.identifier == 'int_loads_numbered' else ref('int_loads_numbered') }})
{%- endmacro %}


{# The temporary table that says what this model does again; its columns are the names that `replaces` speaks of. #}
{% macro scope() -%}
    scope_{{ this.identifier }}
{%- endmacro %}


{# Pre-hook: fill `scope` with the given query. #}
{% macro open_scope(query) -%}
    {% if is_incremental() -%}
        create or replace temporary table {{ scope() }} as {{ query }}
    {%- endif %}
{%- endmacro %}


{#
    Incremental strategy `scoped`: what is in scope goes, what was computed comes, though it may be fewer rows or none
    (delete+insert would leave the rows of a key that has no successor). `meta.replaces` is the condition, written in
    the names `target` and `scope`.
#}
{% macro get_incremental_scoped_sql(arguments) %}
    {%- set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arguments['target_relation'] }} as target
    where exists (select 1 from {{ scope() }} as scope where {{ config.get('meta')['replaces'] }});

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{% endmacro %}


{# Scope of the P&L models: per account, the first night whose report was written since. #}
{% macro rewritten_reports() -%}
    select account_id, min(as_of_date) as from_date from {{ ref('int_pnl_reports_judged') }}
    where change_number > {{ watermark() }}
    group by account_id
{%- endmacro %}


{#
    Scope of int_pnl_reports_judged: the end dates of which new loads hold a report or an item of one, and all of an account
    whose currency or opening day reads otherwise since.
#}
{% macro changed_reports() -%}
    select account_id, end_date as as_of_date from {{ ref('stg_bluum__responses') }}
    where endpoint in ('pnl', 'pnl_backfill') and end_date is not null and load_id in {{ new_loads() }}
    {% for table in ['pnl_reports', 'pnl_by_position', 'pnl_by_asset_class'] -%}
    union select account_id, end_date from {{ ref('stg_bluum__' ~ table) }} where load_id in {{ new_loads() }}
    {% endfor -%}
    union
    select known.account_id, known.as_of_date
    from {{ this }} as known
    inner join {{ ref('accounts') }} as accounts on known.account_id = accounts.account_id
    where accounts.currency is distinct from known.currency or accounts.opened_on is distinct from known.opened_on
{%- endmacro %}


{# Scope of the models that stand on single end dates: the accounts and end dates whose answers were written since. #}
{% macro rewritten_report_days() -%}
    select distinct account_id, as_of_date from {{ ref('int_pnl_reports_judged') }}
    where change_number > {{ watermark() }}
{%- endmacro %}
