"""When a night ends early: a long silence of the API, and nothing shorter."""

import pytest

from pipelines.api.endpoints import Request
from pipelines.api.parse import ParseResult
from pipelines.api.progress import Progress
from pipelines.api.wire import Exchange, Outcome, Reply

BOOTED = 200_000.0  # a monotonic clock does not begin with the sync
SILENCE = Reply(Outcome.FAILED, message="ConnectError")
GATEWAY = Reply(Outcome.FAILED, 502, message="bad gateway")
PAGE = Reply(Outcome.REJECTED, 200, message="HTML")
ANSWER, LIMITED = Reply(Outcome.OK, 200), Reply(Outcome.FAILED, 429)


def night(*replies: Reply, seconds: float) -> Progress:
    """A night of these last answers, spread evenly over so many seconds."""
    progress, each = Progress(), seconds / len(replies)
    for number, reply in enumerate(replies):
        began = BOOTED + number * each
        parsed = ParseResult(reply.outcome, reply.message)
        progress.note(Request("pnl", "a"), parsed, Exchange(reply, b"", began, began + each))
    return progress


@pytest.mark.parametrize("reply", [SILENCE, GATEWAY, PAGE], ids=["silence", "a gateway's 502", "a gateway's page"])
def test_five_minutes_without_an_answer_end_the_night(reply: Reply) -> None:
    assert night(*[reply] * 20, seconds=299).stopped_by is None
    assert "has not answered for 5 minutes" in (night(*[reply] * 20, seconds=301).stopped_by or "")


def test_few_questions_that_take_long_do_not() -> None:
    assert night(*[SILENCE] * 19, seconds=3_000).stopped_by is None


@pytest.mark.parametrize("reply", [ANSWER, LIMITED, Reply(Outcome.ABSENT, 404), Reply(Outcome.FAILED, 403)])
def test_any_word_of_the_api_begins_the_count_anew(reply: Reply) -> None:
    assert night(*[SILENCE] * 19, reply, *[SILENCE] * 19, seconds=600).stopped_by is None


def test_a_limit_that_is_used_up_for_twenty_questions_in_a_row_ends_it() -> None:
    assert night(*[LIMITED] * 19, ANSWER, *[LIMITED] * 19, seconds=30).stopped_by is None
    assert "the limit of the key pair is used up" in (night(*[LIMITED] * 20, seconds=10).stopped_by or "")


def test_refused_credentials_end_it_at_once() -> None:
    refused = Reply(Outcome.FAILED, 401, message="revoked")
    assert night(refused, seconds=1).stopped_by == "the credentials were refused: revoked"
