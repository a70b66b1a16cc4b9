{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- Every night of a breach with the night the breach began, and the night that ended it (`ended_started_on`: the breach that
-- was over then). direction is null inside; a night on which the breach cannot be told is left out, as if it had not been
-- observed.
-- depends_on: {{ ref('int_changes') }}

with

{% if is_incremental() -%}
-- What the first new row goes on from: what has to be computed again is already gone.
newest as (

    select
        portfolio_id,
        asset_class,
        breach_kind,
        max(as_of_date) as as_of_date
    from {{ this }}
    group by portfolio_id, asset_class, breach_kind

),

{% endif -%}
drift as (

    select
        drift.*,
        abs({{ difference('drift.actual_percent', 'drift.target_percent') }}) as abs_drift_percent
    from {{ ref('allocation_drift_daily') }} as drift
    {% if is_incremental() -%}
    where {{ is_changed('drift.account_id', 'drift.as_of_date') }}
    {%- endif %}

),

measured as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        policy_version,
        'band' as breach_kind,
        case when band_distance_percent > 0 then 'over' when band_distance_percent < 0 then 'under' end as direction,
        cast(abs(band_distance_percent) as decimal(38, 9)) as distance_percent
    from drift
    where is_outside_band is not null

    union all

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        policy_version,
        'threshold' as breach_kind,
        case
            when is_over_threshold and actual_percent < target_percent then 'under'
            when is_over_threshold then 'over'
        end as direction,
        {{ difference('abs_drift_percent', 'threshold_percent') }} as distance_percent
    from drift
    where is_over_threshold is not null

),

observed as (

    select
        measured.*,
        cast(null as date) as started_on,
        true as is_new
    from measured

    {% if is_incremental() -%}
    union all

    select
        known.as_of_date,
        known.portfolio_id,
        known.asset_class,
        known.account_id,
        known.policy_version,
        known.breach_kind,
        known.direction,
        known.distance_percent,
        known.started_on,
        false as is_new
    from {{ this }} as known
    inner join newest
        on known.portfolio_id = newest.portfolio_id
        and known.asset_class = newest.asset_class
        and known.breach_kind = newest.breach_kind
        and known.as_of_date = newest.as_of_date
    {%- endif %}

),

compared as (

    select
        *,
        lag(direction) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
        ) as previous_direction
    from observed

),

begun as (

    select
        *,
        max(
            case
                when not is_new then started_on
                when direction is distinct from previous_direction then as_of_date
            end
        ) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
            rows between unbounded preceding and current row
        ) as direction_since
    from compared

),

followed as (

    select
        *,
        lag(direction_since) over (
            partition by portfolio_id, asset_class, breach_kind
            order by as_of_date
        ) as previous_direction_since
    from begun

),

final as (

    select
        as_of_date,
        portfolio_id,
        asset_class,
        account_id,
        policy_version,
        breach_kind,
        direction,
        distance_percent,
        case when direction is not null then direction_since end as started_on,
        case
            when previous_direction is not null and (direction is distinct from previous_direction)
                then previous_direction_since
        end as ended_started_on
    from followed
    where is_new and (direction is not null or previous_direction is not null)

)

select * from final
