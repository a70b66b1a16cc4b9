"""Answers and errors of the API: statuses, codes and the frame each path speaks in.

Investor paths answer errors in the envelope, older paths flat, a product that is off in the status frame. Which
error it is, is decided elsewhere.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    429: "rate_limit_error",
}
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    content_type: str | None = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


class ApiError(Exception):
    """Stops a request: the app turns it into an answer in the frame of its path."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param


def dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def ok(value: object) -> Answer:
    return Answer(200, dump(value))


def error(fault: ApiError, envelope: bool, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body: dict[str, object]
    if fault.code == "PRODUCT_NOT_ENABLED":
        body = {"status": "error", "code": fault.code, "message": fault.message}
    elif envelope:
        body = {"type": _TYPES.get(fault.status, "api_error"), "code": fault.code, "message": fault.message}
        if fault.param:
            body["param"] = fault.param
        body = {"error": body}
    else:
        body = {"code": fault.code, "message": fault.message}
        if fault.param:
            body["details"] = {"field": fault.param, "reason": fault.message}
    return Answer(fault.status, dump(body), headers=headers)


def not_found(message: str = "nothing stored under this id") -> ApiError:
    return ApiError(404, "BLUM-404-001", message)


def bad_value(param: str, values: Iterable[str]) -> ApiError:
    return ApiError(400, "BLUM-400-004", f"{param} must be one of {', '.join(values)}", param)


def bad_format(param: str, wanted: str) -> ApiError:
    return ApiError(400, "BLUM-400-003", f"{param} must be {wanted}", param)
