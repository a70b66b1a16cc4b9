"""The keys that the models declare in their yml, for documentation and tools: no table enforces them (see DECISIONS.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from helpers.sql_warehouse import SQL


@dataclass(frozen=True)
class ForeignKey:
    table: str
    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]

    @property
    def orphans(self) -> str:
        """The query of the rows that lead nowhere; a key with a null in it leads nowhere on purpose."""
        joined = " and ".join(f"child.{a} = parent.{b}" for a, b in zip(self.columns, self.to_columns, strict=True))
        told = " and ".join(f"child.{column} is not null" for column in self.columns)
        return (
            f"select distinct {', '.join(self.columns)} from {self.table} as child"
            f" where {told} and not exists (from {self.to} as parent where {joined})"
        )


def published() -> Iterator[tuple[str, dict[str, Any]]]:
    """schema.name and the yml of every table and view that is published."""
    for schema in ("marts", "audit"):
        for file in sorted((SQL / "models" / schema).glob("*.yml")):
            for model in yaml.safe_load(file.read_text()).get("models", []):
                if "columns" in model:
                    yield f"{schema}.{model['name']}", model


def foreign_keys() -> list[ForeignKey]:
    return [
        ForeignKey(table, tuple(key["columns"]), key["to"], tuple(key["to_columns"]))
        for table, model in published()
        for key in model["config"]["meta"].get("foreign_keys", [])
    ]
