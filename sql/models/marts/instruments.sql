-- What was said of a symbol, and during which days it was said.
{%- set attributes = ['asset_id', 'instrument_class', 'currency', 'country', 'is_ambiguous'] %}

with

nights as (

    select
        *,
        {{ fingerprint(attributes) }} as said
    from {{ ref('int_instrument_nights') }}

),

compared as (

    select
        *,
        lag(said) over (partition by symbol order by as_of_date) as said_before,
        min(as_of_date) over (partition by symbol) as first_seen_on,
        max(as_of_date) over (partition by symbol) as last_seen_on
    from nights

),

changes as (

    select * from compared
    where said_before is null or said <> said_before

),

final as (

    select
        symbol,
        as_of_date as valid_from,
        lead(as_of_date) over (partition by symbol order by as_of_date) as valid_to,
        instrument_class,
        currency,
        country,
        asset_id,
        is_ambiguous,
        first_seen_on,
        last_seen_on
    from changes

)

select * from final
