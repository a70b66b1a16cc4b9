with

source as (

    select * from {{ source('bluum', 'responses') }}

),

final as (

    select
        response_id,
        as_of_date,
        answer_id,
        page,
        endpoint,
        account_id,
        portfolio_id,
        params,
        status,
        outcome,
        row_count,
        attempts,
        rate_limited,
        requested_at,
        received_at,
        request_id,
        error_code,
        error_message,
        surface,
        base_url,
        run_id,
        body,
        case
            when endpoint in ('pnl', 'pnl_backfill', 'performance', 'performance_backfill')
                then {{ cast_or_null(json_text('params', 'end_date'), 'date') }}
        end as end_date,
        _dlt_load_id as load_id
    from source
    where _dlt_load_id in (select loads.load_id from {{ ref('stg_bluum__loads') }} as loads)

)

select * from final
