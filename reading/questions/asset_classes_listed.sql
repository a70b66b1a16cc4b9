-- Which names of asset classes do analyses, policies and P&L use?
select asset_class from marts.asset_classes
where is_in_analyses or is_in_policies or is_in_pnl
order by asset_class
