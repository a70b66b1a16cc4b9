{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook=["{{ delete_changed() }}", "drop table if exists {{ this.incorporate(path={'schema': 'marts'}) }}"],
    )
}}

-- depends_on: {{ ref('int_changes') }}

with

reports as (

    select * from {{ ref('int_pnl_reports_ranked') }} as reports
    {% if is_incremental() -%}
    where {{ is_changed('reports.account_id', 'reports.as_of_date') }}
    {%- endif %}

),

final as (

    select
        account_id,
        as_of_date,
        response_id,
        known_from,
        known_to,
        asked_on,
        restated_on,
        vintage_on,
        restatement_key,
        has_report,
        currency,
        opened_on,
        start_date,
        total_pnl as total_pnl_itd,
        realized_pnl as realized_pnl_itd,
        unrealized_pnl as unrealized_pnl_itd,
        dividend_income as dividend_income_itd,
        interest_income as interest_income_itd,
        fees_paid as fees_paid_itd,
        short_term_gains as short_term_gains_itd,
        short_term_losses as short_term_losses_itd,
        long_term_gains as long_term_gains_itd,
        long_term_losses as long_term_losses_itd
    from reports

)

select * from final
