with

source as (

    select * from {{ source('bluum', 'pnl_reports') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        start_date,
        end_date,
        reported_start_date,
        reported_end_date,
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
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
