{{
    config(
        materialized='incremental',
        incremental_strategy='scoped',
        meta={'replaces': 'target.account_id = scope.account_id and target.as_of_date >= scope.from_date'},
        pre_hook="{{ open_scope(rewritten_reports()) }}",
        post_hook="{{ caught_up(['int_pnl_reports_judged']) }}",
    )
}}

with

{{ pnl_reports_in_scope() }},

{{ pnl_days() }},

final as (

    select
        as_of_date,
        account_id,
        currency,
        days_covered,
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
        total_pnl_itd,
        realized_pnl_itd,
        unrealized_pnl_itd,
        dividend_income_itd,
        interest_income_itd,
        fees_paid_itd,
        short_term_gains_itd,
        short_term_losses_itd,
        long_term_gains_itd,
        long_term_losses_itd,
        total_pnl_mtd,
        total_pnl_qtd,
        total_pnl_ytd,
        drawdown_amount,
        is_restated,
        response_id
    from days
    where is_in_scope

)

select * from final
