-- From the night before a breach to its worst: what brought it there.

with

episodes as (

    select * from {{ ref('drift_episodes') }}

),

causes as (

    select * from {{ ref('drift_causes_daily') }}

),

added as (

    select
        episodes.portfolio_id,
        episodes.asset_class,
        episodes.breach_kind,
        episodes.started_on,
        max(case when causes.as_of_date = episodes.started_on then causes.previous_on end) as eve_on,
        count(*) as nights,
        count(causes.change_points) as nights_told,
        count(case when causes.unknown_reason is null then 1 end) as nights_explained,
        max(case when causes.as_of_date = episodes.started_on then causes.previous_drift_percent end) as eve_drift_percent,
        max(case when causes.as_of_date = episodes.peak_on then causes.drift_percent end) as peak_drift_percent,
        {% for cause in ['change', 'market', 'trades', 'flows', 'policy', 'remainder'] -%}
        cast(sum({{ computable('causes.' ~ cause ~ '_points') }}) as decimal(38, 9)) as {{ cause }}_points
        {{- "," if not loop.last }}
        {% endfor %}
    from episodes
    inner join causes
        on episodes.portfolio_id = causes.portfolio_id
        and episodes.asset_class = causes.asset_class
        and causes.as_of_date between episodes.started_on and episodes.peak_on
    group by episodes.portfolio_id, episodes.asset_class, episodes.breach_kind, episodes.started_on

),

-- A single night whose change is not told leaves the sum of all untold.
final as (

    select
        episodes.portfolio_id,
        episodes.asset_class,
        episodes.breach_kind,
        episodes.started_on,
        episodes.account_id,
        episodes.direction,
        added.eve_on,
        episodes.peak_on,
        added.eve_drift_percent,
        added.peak_drift_percent,
        {% for cause in ['change', 'market', 'trades', 'flows', 'policy', 'remainder'] -%}
        case when added.nights = added.nights_told then added.{{ cause }}_points end as {{ cause }}_points,
        {% endfor -%}
        {% for cause in ['market', 'trades', 'flows', 'policy', 'remainder'] -%}
        case
            when added.nights = added.nights_told
                then {{ ratio('added.' ~ cause ~ '_points', 'added.change_points', times=100) }}
        end as {{ cause }}_percent_of_change,
        {% endfor -%}
        added.nights,
        added.nights_explained
    from episodes
    inner join added
        on episodes.portfolio_id = added.portfolio_id
        and episodes.asset_class = added.asset_class
        and episodes.breach_kind = added.breach_kind
        and episodes.started_on = added.started_on

)

select * from final
