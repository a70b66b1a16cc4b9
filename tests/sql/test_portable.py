"""The models say nothing that only one engine understands; what has to differ stands in the macros."""

import re
from pathlib import Path

import pytest
import yaml
from helpers.sql_warehouse import SQL

DIALECT = re.compile(
    r"""
    \b(try_cast | safe_cast | varchar | text | timestamptz | with\stime\szone | double | hugeint | isodow | interval)\b
    | \b(ilike | qualify | (group|order)\sby\sall | distinct\son | asof | create | temporary | except\sall)\b
    | \b(sqrt | md5 | json_(extract|value)\w* | printf | strftime | extract | date_(trunc|add|diff|part))\(
    | \b(string_agg | listagg | array_agg | list | bool_(and|or) | arg_(min|max) | (min|max)_by | any_value)\(
    | \b(unnest | range | generate_series)\( | \*\s(exclude|replace)\b
    | :: | // | \s%\s | ->>? | \w_(on|date|start|end)\s[-+]\s
    """,
    re.VERBOSE,
)
TYPES = {"string", "date", "boolean", "bigint", "decimal(38,18)", "decimal(38,9)", "decimal(18,6)"}
INSTANT = "{{ 'timestamp' if target.type == 'spark' else 'timestamp with time zone' }}"
MODELS = sorted([*(SQL / "models").rglob("*.sql"), *(SQL / "tests").rglob("*.sql")])


def _code(path: Path) -> str:
    """The text of a file without its comments."""
    return re.sub(r"--.*", "", re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_written_in_common_sql(path: Path) -> None:
    assert [found.group() for found in DIALECT.finditer(_code(path))] == []


def test_contracts_name_types_that_dbt_translates() -> None:
    promised = {
        (model["name"], column["name"]): column["data_type"]
        for file in [*(SQL / "models" / "marts").rglob("*.yml"), *(SQL / "models" / "audit").rglob("*.yml")]
        for model in yaml.safe_load(file.read_text()).get("models", [])
        for column in model.get("columns", [])
    }
    assert {column: kind for column, kind in promised.items() if kind not in {*TYPES, INSTANT}} == {}


MACROS = sorted((SQL / "macros").glob("*.sql"))


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_macros_hold_expressions_and_no_steps(path: Path) -> None:
    """A step that hides in a macro is in no lineage; what all incremental models share stands in incremental.sql."""
    steps = re.findall(r"\b(?:source|ref)\(|\bas \(\s*select\b|\bwith\s+\w+\s+as\b", _code(path))
    assert steps == (["ref("] * 5 if path.stem == "incremental" else [])
