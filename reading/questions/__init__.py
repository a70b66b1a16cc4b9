"""Named questions: each file of this folder is one, as SQL for bi.duckdb, its first comment saying what it asks.

A question names marts and audit tables and nothing else, so that whoever reads it can ask it of data of their own. What it
lets open is a named parameter, `$account_id`; one that is not given is null, and the question says what null means.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from pipelines.errors import BluumError

FOLDER = Path(__file__).parent


class NoSuchQuestion(BluumError):
    """A question, or a parameter of one, was named that there is none of; says which there are."""


@dataclass(frozen=True)
class Question:
    """A question: its name, what it asks in a sentence, its SQL without that sentence, the parameters it lets open."""

    name: str
    title: str
    sql: str
    parameters: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> "Question":
        """The question in a file."""
        lines = path.read_text(encoding="utf-8").splitlines()
        title = [line.removeprefix("--").strip() for line in lines[: _comment_ends(lines)]]
        sql = "\n".join(lines[len(title) :]).strip()
        (statement,) = duckdb.extract_statements(sql)
        return cls(path.stem, " ".join(title), sql, frozenset(statement.named_parameters))


@cache
def questions() -> dict[str, Question]:
    """Every question by its name."""
    return {path.stem: Question.read(path) for path in sorted(FOLDER.glob("*.sql"))}


def question(name: str) -> Question:
    """The question of that name. Raises NoSuchQuestion."""
    if name not in questions():
        raise NoSuchQuestion(f"there is no question {name!r}; there are: {', '.join(questions())}")
    return questions()[name]


def _comment_ends(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if not line.startswith("--"))
