{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_changed() }}",
    )
}}

-- Every good answer about the P&L of an account up to an end date (`as_of_date`), whichever night it was asked, with the
-- time during which it was the newest. That Bluum has no report of a past date any more displaces nothing.
-- depends_on: {{ ref('int_changes') }}
{%- set measures = [] %}
{%- for measure in pnl_measures() %}{% do measures.append('reports.' ~ measure) %}{% endfor %}

with

nights as (

    select
        as_of_date,
        lag(as_of_date) over (order by as_of_date) as night_before
    from (select distinct as_of_date from {{ ref('int_responses_ranked') }}) as distinct_nights

),

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
        and (answers.outcome = 'ok' or answers.as_of_date <= answers.end_date)
        {% if is_incremental() -%}
        and {{ is_changed('answers.account_id', 'answers.end_date') }}
        {%- endif %}

),

accounts as (

    select * from {{ ref('int_accounts') }}

),

-- What an account's currency was, from the roster that first said so to the one that said otherwise.
currencies as (

    select * from {{ ref('int_account_currencies') }}

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
        currencies.currency,
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
        case when reports.response_id is not null then {{ fingerprint(measures) }} end as measures_key,
        case
            when reports.response_id is not null
                then {{ fingerprint(measures + ['reports.net_realized', 'itemised.items_key']) }}
        end as figures_key,
        -- Whether a night has passed between the end date and the asking.
        coalesce(nights.night_before > answers.as_of_date, false) as is_late
    from answers
    left join nights
        on answers.asked_on = nights.as_of_date
    left join accounts
        on answers.account_id = accounts.account_id
    left join currencies
        on answers.account_id = currencies.account_id
        and (answers.as_of_date >= currencies.said_from or currencies.said_from is null)
        and (answers.as_of_date < currencies.said_to or currencies.said_to is null)
    left join {{ ref('stg_bluum__pnl_reports') }} as reports
        on answers.response_id = reports.response_id
    left join itemised
        on answers.response_id = itemised.response_id

),

compared as (

    select
        *,
        lead(received_at) over series as next_received_at,
        lead(response_id) over series is null as is_current,
        -- An answer that there is none says nothing about the figures.
        lag(figures_key) over had as previous_key,
        lag(measures_key) over had as previous_measures_key,
        has_report and lag(response_id) over had is null as is_first_report,
        {% for measure in pnl_measures() -%}
        first_value({{ measure }}) over had as first_{{ measure }}
        {{- "," if not loop.last }}
        {% endfor %}
    from reported
    window
        series as (partition by account_id, as_of_date order by response_id),
        had as (partition by account_id, as_of_date, has_report order by response_id)

),

-- The last night on which the figures read otherwise than the time before; and the last one since which the account's own
-- are of another vintage than on the night of their date: they read otherwise, or were first asked when it had passed.
restated as (

    select
        *,
        max(case when figures_key <> previous_key then asked_on end) over answers_so_far as restated_on,
        max(
            case when measures_key <> previous_measures_key or (is_first_report and is_late) then asked_on end
        ) over answers_so_far as vintage_on
    from compared
    window answers_so_far as (
        partition by account_id, as_of_date
        order by response_id
        rows between unbounded preceding and current row
    )

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
        {% for measure in pnl_measures() -%}
        {{ measure }},
        {% endfor -%}
        net_realized,
        figures_key,
        restated_on,
        vintage_on,
        restated_on is not null as is_itd_restated,
        -- How the figures have moved since they were first answered.
        {{ fingerprint(moved_since_first()) }} as restatement_key
    from restated

)

select * from final
