-- What would the recommended trades cost in tax, and what would waiting save?
select portfolio_id, harvestable_losses, estimated_short_term_gains, estimated_long_term_gains,
    tax_bracket_percent, tax_cost, saved_by_waiting, unknown_reason
from marts.tax_daily where as_of_date = (select max(as_of_date) from marts.tax_daily)
order by tax_cost desc nulls last limit 5
