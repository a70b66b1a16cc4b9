-- The version that Bluum calls the current one, against the one in force: it may go back to an earlier one.
-- depends_on: {{ ref('int_changes') }}

with

compared as (

    select
        as_of_date,
        account_id,
        'policy_called' as check_name,
        called_ips_id as entity,
        cast(called_policy_version as decimal(38, 9)) as reported,
        cast(case when ips_id = called_ips_id then policy_version end as decimal(38, 9)) as recomputed,
        cast(0 as decimal(28, 9)) as tolerance
    from {{ ref('account_nights') }} as nights
    where called_policy_version is not null
        {% if is_incremental() -%}
        and {{ is_changed('nights.account_id', 'nights.as_of_date') }}
        {%- endif %}

),

final as (

    select
        as_of_date,
        account_id,
        check_name,
        entity,
        reported,
        recomputed,
        {{ difference('reported', 'recomputed') }} as difference
    from compared
    where {{ disagree('reported', 'recomputed', 'tolerance') }}

)

select * from final
