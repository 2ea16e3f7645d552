"""Errors as RFC 9457 problem documents."""

from http import HTTPStatus
from typing import override

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class ProblemError(Exception):
    """A request that a service refuses.

    Attributes:
        status: The HTTP status.
        code: The error's stable name, in snake case.
        detail: What is wrong, for a person.
        members: What else the answer says, by name.
    """

    def __init__(self, status: HTTPStatus, code: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members

    @override
    def __str__(self) -> str:
        return f"{self.status.value} {self.code}: {self.detail}"

    def response(self) -> JSONResponse:
        """The answer to send."""
        title = self.code.replace("_", " ").capitalize()
        content = {"code": self.code, "title": title, "status": self.status, "detail": self.detail, **self.members}
        return JSONResponse(content, status_code=self.status, media_type="application/problem+json")


def handle_problems(app: FastAPI) -> None:
    """Make the application answer every error as a problem document."""
    app.exception_handler(ProblemError)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http_error)


async def _refused(_request: Request, error: ProblemError) -> JSONResponse:
    return error.response()


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    errors = [{"loc": problem["loc"], "msg": problem["msg"], "type": problem["type"]} for problem in error.errors()]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "validation_error",
        "The request is not what this operation takes.",
        errors=errors,
    ).response()


async def _http_error(_request: Request, error: HTTPException) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    return ProblemError(status, status.name.lower(), error.detail).response()
