-- Which portfolios are there, of which account, and what tells two of one name apart?
select portfolio_id, account_id, portfolios.currency, accounts.currency as account_currency, portfolios.status,
    concat_ws(
        ' · ', coalesce(nullif(portfolios.name, ''), 'no name'), '…' || account_number_last4,
        case when count(*) over (partition by portfolios.name, account_number_last4, right(portfolio_id, 4)) > 1
            then portfolio_id else right(portfolio_id, 4) end
    ) as label
from marts.portfolios
left join marts.accounts using (account_id)
order by label, portfolio_id
