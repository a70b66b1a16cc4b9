-- What would the recommended trades cost in tax, and what would waiting save (of each currency, the five that cost most)?
select as_of_date, portfolio_id, currency, harvestable_losses, estimated_short_term_gains, estimated_long_term_gains,
    tax_bracket_percent, tax_cost, saved_by_waiting, unknown_reason
from marts.tax_daily where as_of_date = (select max(as_of_date) from marts.tax_daily)
qualify row_number() over (partition by currency order by tax_cost desc nulls last, portfolio_id) <= 5
order by currency, tax_cost desc nulls last, portfolio_id
