"""Query parameters: read strictly, refused with the codes of the published catalogue."""

from datetime import date
from urllib.parse import parse_qsl

from sandbox.server.answers import ApiError, bad_format, bad_value

MAX_LIMIT, DEFAULT_LIMIT = 200, 50


class Params:
    def __init__(self, query: str) -> None:
        self._values = dict(parse_qsl(query, keep_blank_values=True))

    def text(self, name: str) -> str | None:
        return self._values.get(name)

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            raise bad_format(name, "true or false")
        return value.lower() == "true"

    def choice(self, name: str, values: tuple[str, ...], default: str) -> str:
        value = self._values.get(name, default)
        if value not in values:
            raise bad_value(name, values)
        return value

    def number(self, name: str, default: int, least: int) -> int:
        value = self._values.get(name)
        if value is None:
            return default
        if not value.lstrip("-").isascii() or not value.lstrip("-").isdigit():
            raise bad_format(name, "a whole number")
        if int(value) < least:
            raise ApiError(400, "BLUM-400-001", f"{name} must be at least {least}", name)
        return int(value)

    def day(self, name: str, default: date) -> date:
        value = self._values.get(name)
        if value is None:
            return default
        try:
            if len(value) != 10:
                raise ValueError(value)
            return date.fromisoformat(value)
        except ValueError:
            raise bad_format(name, "a date such as 2022-06-15") from None

    def paging(self) -> tuple[int, int]:
        """A limit above the maximum is cut to it without a word, as servers do; callers must count what they got."""
        return min(self.number("limit", DEFAULT_LIMIT, 1), MAX_LIMIT), self.number("offset", 0, 0)
