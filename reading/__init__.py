"""What reads the published marts: named questions, and everything people look at that is made of their answers.

    from reading import Marts
    Marts("data/bi.duckdb").ask("outside_policy").pandas()

Knows bi.duckdb and nothing of how it was made: no API, no Dagster, no dbt, and it writes to no database.
"""

from reading.marts import Answer, Marts
from reading.questions import Question, questions

__all__ = ["Answer", "Marts", "Question", "questions"]
