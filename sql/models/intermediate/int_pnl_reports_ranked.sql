{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- Every good answer about the P&L of an account up to an end date (`as_of_date`), whichever night it was asked, with the
-- time during which it was the newest.
-- depends_on: {{ ref('int_changes') }}

with

answers as (

    select
        answers.account_id,
        answers.end_date as as_of_date,
        answers.response_id,
        answers.as_of_date as asked_on,
        answers.outcome,
        answers.received_at
    from {{ ref('int_responses_ranked') }} as answers
    where answers.endpoint in ('pnl', 'pnl_backfill') and answers.is_good and answers.end_date is not null
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.end_date') }}
        {%- endif %}

),

accounts as (

    select * from {{ ref('int_accounts') }}

),

items as (

    select
        response_id,
        {{ fingerprint([
            'item_kind', 'item', 'realized_pnl', 'unrealized_pnl', 'dividend_income', 'pnl', 'pnl_percent',
        ]) }} as item_key
    from {{ ref('int_pnl_items') }}
    where response_id in (select answers.response_id from answers)

),

itemised as (

    select
        response_id,
        {{ joined_texts('item_key', 'item_key') }} as items_key
    from items
    group by response_id

),

reported as (

    select
        answers.account_id,
        answers.as_of_date,
        answers.response_id,
        answers.asked_on,
        answers.outcome,
        answers.received_at,
        accounts.currency,
        accounts.opened_on,
        reports.response_id is not null as has_report,
        -- The window that the report itself names: what it was asked for is no proof that the answer is about it.
        coalesce(reports.reported_start_date, reports.start_date) as start_date,
        reports.total_pnl,
        reports.realized_pnl,
        reports.unrealized_pnl,
        reports.dividend_income,
        reports.interest_income,
        reports.fees_paid,
        reports.short_term_gains,
        reports.short_term_losses,
        reports.long_term_gains,
        reports.long_term_losses,
        reports.net_realized,
        case
            when reports.response_id is not null then
                {{ fingerprint([
                    'reports.total_pnl', 'reports.realized_pnl', 'reports.unrealized_pnl', 'reports.dividend_income',
                    'reports.interest_income', 'reports.fees_paid', 'reports.short_term_gains',
                    'reports.short_term_losses', 'reports.long_term_gains', 'reports.long_term_losses',
                    'reports.net_realized', 'itemised.items_key',
                ]) }}
        end as figures_key
    from answers
    left join accounts
        on answers.account_id = accounts.account_id
    left join {{ ref('stg_bluum__pnl_reports') }} as reports
        on answers.response_id = reports.response_id
    left join itemised
        on answers.response_id = itemised.response_id

),

compared as (

    select
        *,
        lead(received_at) over (partition by account_id, as_of_date order by response_id) as next_received_at,
        lead(response_id) over (partition by account_id, as_of_date order by response_id) is null as is_current,
        min(figures_key) over (
            partition by account_id, as_of_date order by response_id
            rows between unbounded preceding and 1 preceding
        ) as least_earlier_key,
        max(figures_key) over (
            partition by account_id, as_of_date order by response_id
            rows between unbounded preceding and 1 preceding
        ) as greatest_earlier_key
    from reported

),

final as (

    select
        account_id,
        as_of_date,
        response_id,
        asked_on,
        outcome,
        received_at as known_from,
        next_received_at as known_to,
        is_current,
        has_report,
        currency,
        opened_on,
        start_date,
        total_pnl,
        realized_pnl,
        unrealized_pnl,
        dividend_income,
        interest_income,
        fees_paid,
        short_term_gains,
        short_term_losses,
        long_term_gains,
        long_term_losses,
        net_realized,
        figures_key,
        coalesce(figures_key <> least_earlier_key or figures_key <> greatest_earlier_key, false) as is_restated
    from compared

)

select * from final
