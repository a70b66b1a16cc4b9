with

source as (

    select * from {{ source('bluum', 'accounts') }}

),

final as (

    select
        response_id,
        as_of_date,
        account_id,
        account_number_last4,
        object,
        status,
        crypto_status,
        currency,
        account_type,
        management_type,
        tax_designation,
        trading_type,
        balance,
        last_equity,
        buying_power,
        cash_withdrawable,
        tax_advantaged,
        livemode,
        trading_configurations,
        created_at,
        created,
        opened_on,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
