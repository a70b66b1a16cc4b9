"""Twelve questions in the order to learn the warehouse by, and how to read what they come to.

The demo asks them and the notebook teaches them; the questions themselves stand in `questions/`.
"""

TOUR = {
    "outside_policy": (
        "`band_distance_percent` is how far beyond its band a class is: above `max_percent` if positive, below "
        "`min_percent` if negative. The policy is the version in force that day, as known now."
    ),
    "longest_breaches": (
        "A breach is one row from its first night to its last, however many there were. `nights_missing` counts "
        "nights within it that nobody asked: what was so then is not known, and not guessed."
    ),
    "breach_causes": (
        "Each row takes apart how drift moved from the eve of a breach to its worst night, in percent of the "
        "change. Parts may go against each other; with the remainder they come to 100."
    ),
    "policy_then_and_now": (
        "A policy that is dated back changes what was right at the time. `verdict_then` is by what was known that "
        "night, `verdict` by what is known now: only rows where they differ are here."
    ),
    "adherence_by_month": (
        "Nights that cannot be judged are counted apart and are not nights inside. A breach that had begun before "
        "the first night, or is still open, is `censored`: it lasts at least as long as it was seen."
    ),
    "trades_done": (
        "Whether a recommended trade was done is told by the holdings of the seven days after it; a trade of the "
        "same symbol for another reason cannot be told from it. Where holdings are missing, the outcome is "
        "unknown, with the reason."
    ),
    "worth_and_return": (
        "Equity is cash and positions; flows are what equity moved by beyond P&L, on all nights in the currency "
        "that the account has now, but for those that `flows_unknown` counts. The return is an estimate chained over "
        "nights; beside it stands Bluum's own, where it reports one."
    ),
    "worst_months": (
        "A month that was not measured from its beginning to its end is not complete: its figure covers less than "
        "its name says."
    ),
    "worst_month_bridge": (
        "From the opening to the closing balance of net P&L to date, by symbol. What the symbols do not explain "
        "is a residual of its own line, so that the bridge closes to the last digit."
    ),
    "restated": (
        "The same figure of the same night, as it was first reported and as it was reported later. It shows only "
        "where a report was asked again."
    ),
    "tax_of_trades": (
        "An estimate, by the tax bracket of the policy. `saved_by_waiting` is what the short-term gains would "
        "cost less if they became long-term; it is null, with the reason, where the bracket is not known."
    ),
    "firm": (
        "Each sum stands beside how many it is of: a total value of 8 of 9 portfolios is not the total of 9. "
        "Currencies are never added together."
    ),
}
"""Names of questions, each with what to know when one reads its answer."""
