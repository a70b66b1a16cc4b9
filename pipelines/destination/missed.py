"""Which reports of the past a night asks for beside its own: those that no night has had, and those that may read otherwise.

Reads only; asked as the `questions.py` are. What a report of the past is called is said in `endpoints.py`.
"""

from datetime import date

from pipelines.destination.database import GOOD, Database

_FIGURES = """hash(
    total_pnl, realized_pnl, unrealized_pnl, dividend_income, interest_income, fees_paid,
    short_term_gains, short_term_losses, long_term_gains, long_term_losses
)"""


class Missed(Database):
    """What was missed."""

    @property
    def _roster(self) -> str:
        """The accounts of the newest roster up to the night $2."""
        return f"""
            select account_id from {self.dataset}.accounts
            where as_of_date = (select max(as_of_date) from {self.dataset}.accounts where as_of_date <= $2)
        """

    def _days(self, of: str) -> str:
        """The days before the night $2, from the first_date of a table on, that a report is asked for: see `missed_pnl`."""
        return f"""
            select cast(day as date) as day
            from generate_series(
                (select min(first_date) from {of}), cast($2 as date) - interval 1 day, interval 1 day
            ) as series(day)
            where isodow(day) < 6 or cast(day as date) in (
                select as_of_date from {self.dataset}.responses where endpoint = 'accounts'
            )
        """

    def missed_pnl(self, night: date, most: int, closed: frozenset[str]) -> dict[str, tuple[date, ...]]:
        """End dates of P&L reports to ask for beside tonight's, by account: the newest `most` of all.

        First those between an account's first report and tonight that no report answers; a date counts as missed if it is
        a weekday, or any day on which a sync ran. Then those beside a report of a later vintage: one that was restated, or
        first asked when a night had passed, after they were last asked. Where a correction begins is known when the date
        before it has been asked again and reads as before. What was last asked in vain comes after all that was not: a date
        that Bluum always refuses keeps nobody waiting. Of `closed` accounts none is asked.
        """
        rows = self._all(
            f"""
            with requests as (
                select account_id, response_id, as_of_date, outcome, outcome in {GOOD} as is_good,
                    cast(json_extract_string(params, '$.end_date') as date) as end_date
                from {self.dataset}.responses where endpoint in ('pnl', 'pnl_backfill')
            ),
            asked as materialized (
                select account_id, end_date, max(as_of_date) as tried_on, max(as_of_date) filter (is_good) as asked_on,
                    max(response_id) filter (outcome = 'ok' or (is_good and as_of_date <= end_date)) as current_id
                from requests group by account_id, end_date
            ),
            observed as (select account_id, end_date from asked where asked_on is not null),
            roster as ({self._roster}),
            first_ones as (
                select account_id, min(end_date) as first_date from observed
                where account_id in (select account_id from roster) and not list_contains($1, account_id) group by account_id
            ),
            days as ({self._days("first_ones")}),
            answers as (
                select account_id, end_date, as_of_date as asked_on,
                    {_FIGURES} as figures,
                    lag({_FIGURES}) over (partition by account_id, end_date order by response_id) as figures_before
                from {self.dataset}.pnl_reports
            ),
            passed as (
                select as_of_date, lag(as_of_date) over (order by as_of_date) as night_before
                from (select distinct as_of_date from {self.dataset}.responses)
            ),
            reports as (
                select answers.account_id, answers.end_date, max(asked.asked_on) as asked_on,
                    max(case when figures <> figures_before or (figures_before is null and night_before > answers.end_date)
                        then answers.asked_on end) as vintage_on
                from answers join passed on answers.asked_on = passed.as_of_date
                join asked using (account_id, end_date) -- a date that has no report any more has been asked, too
                where asked.current_id in (select response_id from {self.dataset}.pnl_reports) -- it counts in the marts
                group by answers.account_id, answers.end_date
            ),
            pairs as (
                select account_id, end_date, asked_on, vintage_on,
                    lag(end_date) over series as end_date_before, lag(asked_on) over series as asked_on_before,
                    lag(vintage_on) over series as vintage_on_before
                from reports window series as (partition by account_id order by end_date)
            ),
            wanted as (
                select 1 as turn, account_id, day from first_ones join days on day > first_date
                where not exists (
                    select 1 from observed where observed.account_id = first_ones.account_id and observed.end_date = day
                )
                union
                select 2, account_id, end_date_before from pairs where vintage_on > asked_on_before
                union
                select 2, account_id, end_date from pairs where vintage_on_before > asked_on
            )
            select wanted.account_id, wanted.day from wanted
            left join asked on asked.account_id = wanted.account_id and asked.end_date = wanted.day
                and asked.tried_on > coalesce(asked.asked_on, '-infinity') -- the last time in vain
            where turn = 1 or (wanted.account_id in (select account_id from first_ones) and day < cast($2 as date))
            order by tried_on nulls first, turn, day desc, wanted.account_id limit $3
            """,
            sorted(closed),
            night,
            most,
        )
        return _by_key(rows)

    def missed_performance(self, night: date, most: int, closed: frozenset[str]) -> dict[str, tuple[date, ...]]:
        """End dates of performance reports to ask for beside tonight's, by portfolio: the newest `most` of all.

        Those between a portfolio's first report and tonight that no report answers, dates as for P&L, of the portfolios that
        the newest lists have; what was last asked in vain comes after all that was not. Of `closed` accounts none is asked.
        """
        rows = self._all(
            f"""
            with asked as (
                select portfolio_id, cast(json_extract_string(params, '$.end_date') as date) as end_date,
                    max(as_of_date) as tried_on, bool_or(outcome in {GOOD}) as is_answered
                from {self.dataset}.responses where endpoint in ('performance', 'performance_backfill') group by all
            ),
            roster as ({self._roster}),
            lists as (
                select account_id, max(as_of_date) as as_of_date from {self.dataset}.responses
                where endpoint = 'portfolios' and outcome in {GOOD} and not list_contains($1, account_id)
                    and account_id in (select account_id from roster) group by account_id
            ),
            portfolios as (
                select portfolio_id, min(asked.end_date) as first_date from asked
                where is_answered and portfolio_id in (
                    select portfolio_id from {self.dataset}.portfolios join lists using (account_id, as_of_date)
                )
                group by portfolio_id
            ),
            days as ({self._days("portfolios")})
            select portfolios.portfolio_id, days.day from portfolios join days on days.day > portfolios.first_date
            left join asked on asked.portfolio_id = portfolios.portfolio_id and asked.end_date = days.day
            where not coalesce(asked.is_answered, false)
            order by asked.tried_on nulls first, days.day desc, portfolios.portfolio_id limit $3
            """,
            sorted(closed),
            night,
            most,
        )
        return _by_key(rows)


def _by_key(rows: list[tuple[str, date]]) -> dict[str, tuple[date, ...]]:
    days: dict[str, list[date]] = {}
    for key, day in rows:
        days.setdefault(key, []).append(day)
    return {key: tuple(found) for key, found in days.items()}
