"""How far a sync is, what failed, and when going on is no use any more. Counts and judges; stopping is `engine.py`'s."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from pipelines.api.endpoints import Request
from pipelines.api.parse import ParseResult
from pipelines.api.wire import Exchange, Outcome, Reply

OUTAGE_SECONDS, OUTAGE_QUESTIONS = 300.0, 20
"""A night ends early when nothing has answered for so long, and so many questions were given up meanwhile; and when so many
in a row were given up for the limit alone, which is on the key pair and no account's own."""


@dataclass(frozen=True)
class Failure:
    """A request that has no good answer."""

    request: Request
    outcome: Outcome
    reason: str


@dataclass
class Progress:
    """How far a sync is; the observer gets it after every answer."""

    as_of_date: date | None = None
    asked: int = 0
    waiting: int = 0
    landed: int = 0
    quarantined: int = 0
    left_out: int = 0  # accounts that Bluum still lists, and that were forgotten
    failures: list[Failure] = field(default_factory=list)
    stopped_by: str | None = None  # why the rest of the night is not asked
    _last_answer: float | None = None  # monotonic seconds; before the first one, when the first question was asked
    _unanswered: int = 0  # questions in a row that came to nothing but faults of transport or of the server
    _sent_away: int = 0  # questions in a row that were answered 429 to the last

    def note(self, request: Request, parsed: ParseResult, exchange: Exchange) -> None:
        """Count a question that has been read; `exchange` is the last that was had about it."""
        self.asked += 1
        self.quarantined += len(parsed.quarantined)
        self.left_out += parsed.left_out
        if not parsed.outcome.is_good:
            self.failures.append(Failure(request, parsed.outcome, parsed.message or "no reason given"))
        if exchange.reply.is_unauthorized:
            self.stopped_by = f"the credentials were refused: {parsed.message}"
        self._sent_away = self._sent_away + 1 if exchange.reply.status == 429 else 0
        if self._sent_away >= OUTAGE_QUESTIONS:
            self.stopped_by = f"the limit of the key pair is used up: {parsed.message}"
        if self._last_answer is None:
            self._last_answer = exchange.started
        if _is_answer(exchange.reply):
            self._last_answer, self._unanswered = exchange.ended, 0
            return
        self._unanswered += 1
        silence = exchange.ended - self._last_answer
        if self._unanswered >= OUTAGE_QUESTIONS and silence > OUTAGE_SECONDS:
            self.stopped_by = f"the API has not answered for {silence / 60:.0f} minutes: {parsed.message}"


def _is_answer(reply: Reply) -> bool:
    """Whether the API itself has spoken: a gateway's page under 200 and a 5xx are not its word."""
    return reply.status is not None and reply.status < 500 and reply.outcome is not Outcome.REJECTED


Observer = Callable[[Progress], None]
