"""Twelve questions that only a warehouse with a memory answers, as SQL for bi.duckdb; the demo asks them.

A question names marts and nothing else, so that whoever reads it can ask it of data of their own.
"""

QUESTIONS = (
    (
        "Who is out of policy today, in which class, by how much?",
        """
        select account_id, asset_class, actual_percent, min_percent, max_percent, band_distance_percent, policy_version
        from marts.allocation_drift_daily
        where is_outside_band and as_of_date = (select max(as_of_date) from marts.allocation_drift_daily)
        order by abs(band_distance_percent) desc limit 5
        """,
    ),
    (
        "What was the longest breach, and how bad did it get?",
        """
        select portfolio_id, asset_class, direction, started_on, ended_on, nights_observed, nights_missing,
            peak_distance_percent, peak_on
        from marts.drift_episodes where breach_kind = 'band'
        order by nights_observed desc, started_on limit 3
        """,
    ),
    (
        "Why did breaches come about: the market, trades, money that came or went, another policy?",
        """
        select portfolio_id, asset_class, started_on, peak_on, change_points, market_percent_of_change as market,
            trades_percent_of_change as trades, flows_percent_of_change as flows, policy_percent_of_change as policy,
            remainder_percent_of_change as remainder
        from marts.drift_episode_causes where breach_kind = 'band'
        order by abs(change_points) desc nulls last limit 6
        """,
    ),
    (
        "Was each account within its policy, as known that night, and as known now?",
        """
        select account_id, as_of_date, rule, subject, value, lower_limit_then, upper_limit_then, verdict_then,
            lower_limit, upper_limit, verdict
        from marts.compliance_daily where verdict_then is distinct from verdict
        order by account_id, as_of_date, rule, subject limit 5
        """,
    ),
    (
        "How much of the time is the firm within policy, and how long does a breach take to remedy?",
        """
        select period_start, nights_inside, nights_outside, nights_unknown, adherence_percent, breaches_opened,
            breaches_closed, breaches_open, median_sessions_to_remedy, longest_sessions_to_remedy, breaches_censored
        from marts.compliance_firm_periods where period_kind = 'month' order by period_start
        """,
    ),
    (
        "Were the recommended trades done, and after how many sessions?",
        """
        select outcome, unknown_reason, count(*) as trades, min(sessions_until_done) as soonest,
            max(sessions_until_done) as latest
        from marts.rebalancing_trade_outcomes group by all order by trades desc
        """,
    ),
    (
        "What is each account worth today, what came in, and what did it earn, beside Bluum's own figure?",
        """
        select account_id, currency, equity, flows, chained_since, chained_return_percent, reported_return_percent,
            unknown_reason
        from marts.account_book_daily
        join (select account_id, sum(implied_flow) as flows from marts.account_book_daily group by account_id)
            using (account_id)
        where as_of_date = (select max(as_of_date) from marts.account_book_daily) order by account_id
        """,
    ),
    (
        "Which was each account's worst month?",
        """
        select account_id, period_start, total_pnl, is_complete from marts.pnl_periods
        where period_kind = 'month' and total_pnl is not null
        qualify row_number() over (partition by account_id order by total_pnl) = 1
        order by total_pnl limit 5
        """,
    ),
    (
        "What was the worst month of all made of?",
        """
        select line_number, line, item, amount from marts.pnl_bridge
        where (account_id, period_kind, period_start) = (
            select (account_id, period_kind, period_start) from marts.pnl_periods
            where period_kind = 'month' order by total_pnl limit 1
        )
        order by line_number
        """,
    ),
    (
        "What did Bluum say differently later on?",
        """
        select account_id, as_of_date, measure, previous_value, new_value, known_at from marts.restatements
        where measure not like 'by_%' order by known_at, account_id, as_of_date, measure limit 5
        """,
    ),
    (
        "What would the recommended trades cost in tax, and what would waiting save?",
        """
        select portfolio_id, harvestable_losses, estimated_short_term_gains, estimated_long_term_gains,
            tax_bracket_percent, tax_cost, saved_by_waiting, unknown_reason
        from marts.tax_daily where as_of_date = (select max(as_of_date) from marts.tax_daily)
        order by tax_cost desc nulls last limit 5
        """,
    ),
    (
        "How does the firm stand, and what of it is not known?",
        """
        select as_of_date, currency, accounts_listed, accounts_complete, accounts_inside, accounts_outside,
            accounts_unknown, total_value, portfolios_with_value, portfolios, net_pnl, episodes_opened, episodes_closed
        from marts.firm_daily order by as_of_date desc, currency limit 5
        """,
    ),
)
