{#
    marts.pnl_daily_as_of(known_at): the mart as it would have read at an instant, for instance `from marts.pnl_daily_as_of('2026-03-04 12:00:00+00')`.

    DuckDB table macros over plain tables of the same schema, named without a database, so that their definitions work in
    any file that holds these tables. On an engine without table macros, a table function of the same text does it.
#}
{% macro create_pnl_daily_as_of() %}
create or replace macro {{ this.schema }}.pnl_daily_as_of(known_at) as table
with

reports as (

    select
        account_id,
        as_of_date,
        response_id,
        currency,
        opened_on,
        start_date,
        total_pnl_itd as total_pnl,
        realized_pnl_itd as realized_pnl,
        unrealized_pnl_itd as unrealized_pnl,
        dividend_income_itd as dividend_income,
        interest_income_itd as interest_income,
        fees_paid_itd as fees_paid,
        short_term_gains_itd as short_term_gains,
        short_term_losses_itd as short_term_losses,
        long_term_gains_itd as long_term_gains,
        long_term_losses_itd as long_term_losses,
        is_restated,
        true as is_in_scope,
        cast(null as decimal(38, 9)) as highest_before
    from {{ this.schema }}.{{ this.identifier }}
    where has_report
        and known_from <= cast(known_at as timestamp with time zone)
        and (known_to is null or known_to > cast(known_at as timestamp with time zone))

),

{{ pnl_days() }}

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
{% endmacro %}
