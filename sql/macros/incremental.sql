{#
    The one incremental idea: what no complete build has taken in (int_new_loads) says what has to be computed again. What
    is kept of the answers, night by night, from int_new_nights on; what is derived for an account as int_changes says. An
    incremental model deletes those rows (its pre-hook, in the transaction that inserts) and computes them (its condition).
    A full refresh computes everything.
#}

{#
    Whether a row's account has to be computed again on this night; `days`: a row speaks of so many days after it, too. The
    first condition says nothing new: by it an engine leaves out the nights before all changes without reading their rows.
#}
{% macro is_changed(account_id, night, days=0) -%}
    {%- set last_night = days_after(night, days) if days else night -%}
    (
        {{ last_night }} >= (select min(earliest.changed_from) from {{ ref('int_changes') }} as earliest)
        and {{ adapter.dispatch('is_changed_itself')(account_id, last_night) }}
    )
{%- endmacro %}

{% macro default__is_changed_itself(account_id, night) -%}
    exists (
        select 1 from {{ ref('int_changes') }} as changes
        where changes.account_id = {{ account_id }}
            and changes.changed_from <= {{ night }}
    )
{%- endmacro %}

{# DuckDB looks up a day for each account in half the time of a look for each account and night; an account has one row. #}
{% macro duckdb__is_changed_itself(account_id, night) -%}
    {{ night }} >= (
        select min(changes.changed_from) from {{ ref('int_changes') }} as changes
        where changes.account_id = {{ account_id }}
    )
{%- endmacro %}


{# Whether what was answered this night has to be read again. #}
{% macro is_new_night(night) -%}
    {{ night }} in (select nights.as_of_date from {{ ref('int_new_nights') }} as nights)
{%- endmacro %}


{# Pre-hook of an incremental model: what it is about to compute again goes. `night` names the column of its nights. #}
{% macro delete_changed(night='as_of_date', days=0) -%}
    {% if is_incremental() -%}
    delete from {{ this }}
    where {{ is_changed(this.identifier ~ '.account_id', this.identifier ~ '.' ~ night, days) }}
    {%- endif %}
{%- endmacro %}


{# The same for a model of the answers themselves. #}
{% macro delete_new_nights() -%}
    {% if is_incremental() -%}
    delete from {{ this }}
    where {{ is_new_night('as_of_date') }}
    {%- endif %}
{%- endmacro %}


{# Pre-hook of rebalancing_trade_outcomes: what was open when it was last computed may have been decided by time alone. #}
{% macro delete_open() -%}
    {% if is_incremental() -%}
    delete from {{ this }} where outcome = 'open'
    {%- endif %}
{%- endmacro %}


{#
    Where the program notes what its builds have taken in; without its notes every build computes everything again. In two
    statements, since Spark takes one at a time.
#}
{% macro create_builds() -%}
    {% if execute and flags.WHICH in ('build', 'run') %}
    create schema if not exists builds
    {% endif %}
{%- endmacro %}

{% macro create_built_loads() -%}
    {% if execute and flags.WHICH in ('build', 'run') %}
    create table if not exists builds.built_loads (load_id {{ dbt.type_string() }})
    {% endif %}
{%- endmacro %}


{#
    What a person notes by hand where no program does (`dbt run-operation note_built_loads`, after a build of everything that
    succeeded): exactly the loads which that build has taken in. bluum notes for its own file, when its checks have passed.
#}
{% macro note_built_loads() -%}
    {% do run_query('begin') %}
    {% do run_query('insert into builds.built_loads select load_id from ' ~ ref('int_new_loads')) %}
    {% do run_query('commit') %}
{%- endmacro %}
