{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.account_id = scope.account_id and target.as_of_date = scope.as_of_date'},
        pre_hook="{{ open_scope(rewritten_report_days()) }}",
        post_hook=["{{ caught_up(['int_pnl_reports_judged']) }}", "{{ create_pnl_daily_as_of() }}"],
    )
}}

with

reports as (

    select *
    from {{ ref('int_pnl_reports_judged') }}
    {% if is_incremental() -%}
    where change_number > {{ watermark() }}
    {%- endif %}

),

final as (

    select
        account_id,
        as_of_date,
        response_id,
        known_from,
        known_to,
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
        long_term_losses as long_term_losses_itd,
        is_restated
    from reports

)

select * from final
