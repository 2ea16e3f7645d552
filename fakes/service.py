"""What all services share: their names, operations, answers and refusals, and idempotency keys."""

import json
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Protocol, Self, override
from uuid import uuid4

from fastapi import Header

from fakes.values import Record

IdempotencyKey = Annotated[str | None, Header(max_length=255)]
"""The `Idempotency-Key` header of a request."""


class Service(StrEnum):
    """The name of a service, with which its paths begin."""

    INVENTORY = "inventory"
    CART = "cart"
    PAYMENT = "payment"
    SHIPPING = "shipping"
    NOTIFICATION = "notification"

    @classmethod
    def of_path(cls, path: str) -> Self | None:
        """Return the service that a path such as `/cart/carts/5` belongs to; None if there is none."""
        prefix = path.removeprefix("/").partition("/")[0]
        return cls(prefix) if prefix in cls else None


@dataclass(frozen=True, slots=True)
class Answer[Body]:
    """The body and the HTTP status that a call is answered with."""

    body: Body
    status: HTTPStatus = HTTPStatus.OK


def created[Body](body: Body, *, is_new: bool) -> Answer[Body]:
    """Answer 201 with what the call created, or 200 with what an earlier call had created."""
    return Answer(body, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


class Refusal(Exception):
    """A call that a service refuses.

    Attributes:
        status: The HTTP status.
        code: The error's stable name, in snake case.
        detail: What is wrong, for a person.
        members: Further members of the problem document.
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

    @property
    def document(self) -> dict[str, object]:
        """The RFC 9457 problem document."""
        title = self.code.replace("_", " ").capitalize()
        return {"code": self.code, "title": title, "status": self.status, "detail": self.detail, **self.members}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a service that is called over HTTP.

    Attributes:
        method: The HTTP method.
        path: The path behind the service's name, such as `/charges/{charge_id}`. Its parameters, the JSON `body`, the
            query parameters and the `idempotency_key` are arguments of the function.
        function: The method of the service's class.
        status: The status of success in the API documentation.
        exclude_none: Leave null members out of the answer.
    """

    method: str
    path: str
    function: Callable[..., Answer[Any]]
    status: HTTPStatus = HTTPStatus.OK
    exclude_none: bool = False


class Fake(Protocol):
    """A service."""

    OPERATIONS: ClassVar[tuple[Operation, ...]]


class UsedKey(Record):
    """An idempotency key that was used: the request as JSON, and the id of what it created."""

    request: str
    created_id: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Idempotency keys: one key, one effect."""

    used: MutableMapping[str, UsedKey]

    def once(self, operation: str, key: str | None, request: object, create: Callable[[], str]) -> tuple[str, bool]:
        """Create something unless the key has been used.

        Args:
            operation: What the key is for; different operations may use the same key.
            key: The caller's key.
            request: Everything that must be equal when the key is used again, as JSON values.
            create: Creates it and returns its id.

        Returns:
            The id, and whether it was created now.

        Raises:
            Refusal: The key is missing, or was used with another request.
        """
        if not key:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "idempotency_key_missing", "This operation needs an Idempotency-Key header."
            )
        text = json.dumps(request, sort_keys=True)
        used = self.used.get(f"{operation} {key}")
        if used is None:
            created_id = create()
            self.used[f"{operation} {key}"] = UsedKey(request=text, created_id=created_id)
            return created_id, True
        if used.request != text:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                f"The key {key!r} was used for another request.",
            )
        return used.created_id, False

    def find(self, operation: str, key: str) -> str | None:
        """Return the id of what a key created; None if it was never used."""
        used = self.used.get(f"{operation} {key}")
        return used.created_id if used else None

    def forget(self, *operations: str) -> None:
        """Forget the keys of some operations."""
        for name in [name for name in self.used if name.partition(" ")[0] in operations]:
            del self.used[name]


def random_id(prefix: str) -> str:
    """Return a new id that begins with a prefix."""
    return f"{prefix}_{uuid4().hex}"


def get_or_refuse[R](records: MutableMapping[str, R], record_id: str, kind: str) -> R:
    """Return a record.

    Raises:
        Refusal: 404, code `unknown_<kind>`.
    """
    record = records.get(record_id)
    if record is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"unknown_{kind}", f"There is no {kind} {record_id!r}.")
    return record


def of_order[R: "OfOrder"](records: Iterable[R], order_id: str | None) -> list[R]:
    """Return the records of an order, or all, in the order in which they were created."""
    return [record for record in records if order_id in {None, record.order_id}]


class OfOrder(Protocol):
    """A record that belongs to an order."""

    @property
    def order_id(self) -> str:
        """The order's id."""
