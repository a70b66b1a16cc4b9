with

final as (

    select
        account_id,
        period_kind,
        period_start,
        period_end,
        nights,
        nights_judged,
        nights_inside,
        nights_outside,
        nights_unknown,
        nights_without_policy,
        adherence_percent,
        breaches_opened,
        breaches_closed,
        breaches_lost,
        breaches_open,
        breaches_timed,
        breaches_censored,
        median_sessions_to_remedy,
        longest_sessions_to_remedy
    from {{ ref('int_compliance_periods') }}
    where account_id is not null

)

select * from final
