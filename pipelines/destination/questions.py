"""The questions a sync, a backfill and a summary have about what the warehouse holds. Reads only.

Asked after a sweep and an upgrade, when every row counts and every table is there. What is true of a night for the
readers is decided in sql/.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipelines.api.endpoints import Request, without
from pipelines.destination.database import GOOD, Database
from pipelines.schema.tables import TABLES


@dataclass(frozen=True)
class Figures:
    """What one run came to: requests sent, how many of them again or answered 429, the last answer, rows per raw table."""

    requests: int
    retries: int
    rate_limited: int
    finished_at: datetime | None
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Standing:
    """How complete a night is."""

    accounts_expected: int
    accounts_landed: int  # with every question answered and no row quarantined
    missing: list[Request]  # those without a good answer
    quarantined: list[tuple[str, str | None, str, str, str, int]]  # endpoint, account_id, table, field, reason, rows


class Questions(Database):
    """What can be asked of a warehouse."""

    def newest_night(self, until: date | None = None) -> date | None:
        """The last night that anything was landed for; `until` leaves out those that a wrong clock has dated later."""
        night: date | None = self._one(
            f"select max(as_of_date) from {self.dataset}.responses where as_of_date <= coalesce(?, as_of_date)", until
        )
        return night

    def last_sequence(self, night: date) -> int:
        """The sequence number of the night's last response; 0 when it has none."""
        last = self._one(f"select max(response_id) from {self.dataset}.responses where as_of_date = ?", night)
        return int(last.partition("-")[2]) if last else 0

    def answered(self, night: date) -> set[Request]:
        """The requests that have a good answer tonight."""
        rows = self._all(
            f"""
            select endpoint, account_id, portfolio_id, max(params) filter (where page = 0)
            from {self.dataset}.responses where as_of_date = ?
            group by answer_id, endpoint, account_id, portfolio_id
            having bool_and(outcome in {GOOD})
            """,
            night,
        )
        return set(map(_request, rows))

    def planned(self, night: date, surface: str | None = None) -> list[Request]:
        """What the night's answers, on this surface or any, told us to ask, in the order they told it."""
        rows = self._all(
            f"""
            select plan.endpoint, plan.account_id, plan.portfolio_id, plan.params
            from {self.dataset}.plan as plan
            join {self.dataset}.responses as responses using (response_id)
            where plan.as_of_date = ? and responses.surface = coalesce(?, responses.surface)
            group by all order by min(plan.response_id), min(plan.rowid)
            """,
            night,
            surface,
        )
        return list(map(_request, rows))

    def held_policies(self) -> frozenset[tuple[str, str, int]]:
        """(account_id, ips_id, version) of every published policy version whose body has landed."""
        columns, published = "account_id, ips_id, version", "lower(status) is distinct from 'draft'"
        return frozenset(self._all(f"select distinct {columns} from {self.dataset}.policy_versions where {published}"))

    def closed_before(self, night: date) -> frozenset[str]:
        """Accounts that an earlier night has seen closed, with all of its questions about them answered."""
        rows = self._all(
            f"""
            with closed as (
                select distinct account_id, as_of_date from {self.dataset}.accounts
                where lower(status) = 'closed' and as_of_date < ?
            ),
            asked as (
                select plan.account_id, plan.as_of_date, bool_or(responses.outcome in {GOOD}) as is_answered
                from {self.dataset}.plan as plan
                join closed using (account_id, as_of_date)
                left join {self.dataset}.responses as responses
                    on responses.as_of_date = plan.as_of_date and responses.account_id = plan.account_id
                    and responses.endpoint = plan.endpoint and responses.params = plan.params
                    and responses.portfolio_id is not distinct from plan.portfolio_id
                group by plan.account_id, plan.as_of_date, plan.endpoint, plan.portfolio_id, plan.params
            )
            select account_id from asked group by account_id, as_of_date having bool_and(coalesce(is_answered, false))
            """,
            night,
        )
        return frozenset(account_id for (account_id,) in rows)

    def newest_roster(self, until: date | None = None) -> list[tuple[str, date | None]]:
        """(account_id, opened_on) of the newest good roster; `until`: of those up to that night."""
        accounts = f"{self.dataset}.accounts"
        return self._all(
            f"""
            select account_id, max(opened_on) from {accounts}
            where as_of_date = (select max(as_of_date) from {accounts} where as_of_date <= coalesce(?, as_of_date))
            group by account_id order by min(rowid)
            """,
            until,
        )

    def observed_pnl(self, backfilled_on: date | None = None) -> set[tuple[str, date]]:
        """(account_id, end date) of every P&L report with a good answer; or of those that a night's backfill asked for."""
        return set(
            self._all(
                f"""
                select distinct account_id, cast(json_extract_string(params, '$.end_date') as date)
                from {self.dataset}.responses where endpoint in ('pnl', 'pnl_backfill') and outcome in {GOOD}
                and ($1 is null or (endpoint = 'pnl_backfill' and as_of_date = $1))
                """,
                backfilled_on,
            )
        )

    def roster_size(self, before: date) -> int:
        """How many accounts the newest good roster of an earlier night had."""
        return int(
            self._one(
                f"""
                select count(distinct account_id) from {self.dataset}.accounts where as_of_date = (
                    select max(as_of_date) from {self.dataset}.accounts where as_of_date < ?
                )
                """,
                before,
            )
            or 0
        )

    def standing(self, night: date, only: frozenset[str] = frozenset(), left_out: Collection[str] = frozenset()) -> Standing:
        """How complete a night is, for these accounts or for all; what is left out by now is not missed."""
        planned, endpoints = self.planned(night), without(left_out)
        asked = {
            request for request in planned if (not only or request.account_id in only) and request.endpoint in endpoints
        }
        missing = sorted(asked - self.answered(night), key=str)
        expected = {request.account_id for request in asked}
        quarantined = self._all(
            f"""
            select endpoint, account_id, table_name, field, reason, count(*) from {self.dataset}.quarantine
            where as_of_date = ? group by all order by all
            """,
            night,
        )
        troubled = {request.account_id for request in missing} | {row[1] for row in quarantined}
        shown = [row for row in quarantined if not only or row[1] in {*only, None}]  # the roster's are of no one account
        return Standing(len(expected), len(expected - troubled), missing, shown)

    def kept_answers(self, chunk: int, *, troubled_only: bool) -> Iterator[list[dict[str, Any]]]:
        """The readable answers whose bodies are all kept, `chunk` at a time, the pages of one standing together.

        `troubled_only`: those with rows in quarantine, or rejected for their shape. A rejected roster is left alone: it was
        rejected for what it would have concluded, not because it could not be read.
        """
        troubled = f"""
            having bool_or(response_id in (select response_id from {self.dataset}.quarantine))
            or bool_or(outcome = 'rejected')
        """
        answers = [
            answer_id
            for (answer_id,) in self._all(
                f"""
                with readable as (
                    select answer_id from {self.dataset}.responses group by answer_id
                    having bool_and(body is not null and status between 200 and 299)
                    and not bool_or(endpoint = 'accounts' and outcome = 'rejected')
                )
                select answer_id from {self.dataset}.responses where answer_id in (select answer_id from readable)
                group by answer_id {troubled if troubled_only else ""} order by answer_id
                """
            )
        ]
        for start in range(0, len(answers), chunk):
            query = f"select * from {self.dataset}.responses where answer_id in (select unnest(?)) order by answer_id, page"
            with self.connect() as connection:
                responses = connection.execute(query, [answers[start : start + chunk]]).to_arrow_table().to_pylist()
            yield responses

    def figures(self, run_id: str) -> Figures:
        """What one run landed."""
        ids = f"select response_id from {self.dataset}.responses where run_id = ?"
        with self.at_hand():
            sums = self._all(
                f"""
                select sum(attempts), sum(attempts - 1), sum(rate_limited), max(received_at)
                from {self.dataset}.responses where run_id = ?
                """,
                run_id,
            )
            held = self.tables()
            rows = {
                name: self._one(f"select count(*) from {self.dataset}.{name} where response_id in ({ids})", run_id) or 0
                for name in TABLES
                if name in held
            }
        *counts, finished_at = (sums or [(0, 0, 0, None)])[0]
        requests, retries, limited = (int(number or 0) for number in counts)
        return Figures(requests, retries, limited, finished_at, rows)


def _request(row: tuple[str, str | None, str | None, str]) -> Request:
    endpoint, account_id, portfolio_id, params = row
    return Request(endpoint, account_id, portfolio_id, json.loads(params))
