-- How much of the time is the firm within policy, and how long does a breach take to remedy?
select period_start, nights_inside, nights_outside, nights_unknown, adherence_percent, breaches_opened,
    breaches_closed, breaches_open, median_sessions_to_remedy, longest_sessions_to_remedy, breaches_censored
from marts.compliance_firm_periods where period_kind = 'month' order by period_start
