-- Which night is published, since when, and how much of it is there?
select newest.as_of_date, published_at, program_version,
    (select count(*) from marts.portfolio_drift_daily where as_of_date = newest.as_of_date) as portfolios_analysed,
    (select count(*) from marts.account_nights where as_of_date = newest.as_of_date and is_listed) as accounts_listed,
    (select count(*) from marts.account_nights where as_of_date = newest.as_of_date and is_listed and not is_complete)
        as accounts_incomplete
from (select max(as_of_date) as as_of_date from marts.account_nights) as newest
cross join (select distinct published_at, program_version from marts.manifest) as publication
