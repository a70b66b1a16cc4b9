"""A client that holds every answer against openapi.yaml."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import yaml

from helpers.faulty import Sandbox

OPENAPI = Path(__file__).parents[1] / "sandbox" / "openapi.yaml"


class Api:
    """A client and the contract: `get` checks each JSON answer against the schema of its path and status."""

    def __init__(self, operator: Sandbox) -> None:
        self.operator = operator
        self.client = httpx.Client(base_url=operator.base_url, auth=(operator.key, operator.secret), timeout=30)

    def get(self, path: str, **params: Any) -> httpx.Response:
        response = self.client.get(path, params=params)
        check(path, response)
        return response

    def json(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()


@lru_cache(maxsize=1)
def contract() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(OPENAPI.read_text())
    return loaded


@cache
def _validator(path: str, status: str) -> jsonschema.Draft202012Validator:
    response = contract()["paths"][path]["get"]["responses"][status]
    if "$ref" in response:
        response = contract()["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"]["application/json"]["schema"]
    # The references are local to the document, so the document is the schema's root.
    whole = {"components": contract()["components"], "allOf": [schema]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


def template(path: str) -> str | None:
    given = path.split("/")
    for known in contract()["paths"]:
        parts = known.split("/")
        if len(parts) == len(given) and all(k.startswith("{") or k == g for k, g in zip(parts, given, strict=True)):
            return str(known)
    return None


def check(path: str, response: httpx.Response) -> None:
    known = template(path)
    assert "x-request-id" in response.headers
    assert "date" in response.headers
    if known is not None and response.headers.get("content-type") == "application/json":
        _validator(known, str(response.status_code)).validate(response.json())
