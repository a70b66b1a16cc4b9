-- What did Bluum say differently later on?
select account_id, as_of_date, measure, currency, previous_value, new_value, known_at from marts.restatements
where measure not like 'by_%' order by known_at, account_id, as_of_date, measure limit 5
