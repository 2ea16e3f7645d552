"""Breaking changes between two versions of an OpenAPI document.

Requests may be restricted less, and responses may have more fields; any other change breaks clients. Tools that find
such changes in OpenAPI 3.1 are programs in Go (oasdiff, openapi-changes), for which this project has no toolchain.
"""

from collections.abc import Iterator
from enum import Enum, auto

from tools.openapi.references import Json, resolved

_METHODS = {"delete", "get", "head", "options", "patch", "post", "put", "trace"}
_LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_RULES = ("pattern", "format", "const", "multipleOf", "uniqueItems", "not")
_OPEN = frozenset({"status", "payment_status", "shipping_status", "failure_reason", "event", "type"})
"""Fields whose values may become more: clients are told to expect unknown ones."""
_LEAST, _MOST = float("-inf"), float("inf")


class _Side(Enum):
    """Where a schema is used: requests must not become narrower, responses and webhooks must not become wider."""

    REQUEST = auto()
    ANSWER = auto()
    PROBLEM = auto()


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return descriptions of the changes that break clients."""
    comparison = _Comparison(old, new)
    return sorted([*comparison.operations(), *comparison.webhooks()])


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new

    def operations(self) -> Iterator[str]:
        for path, methods in self._old["paths"].items():
            for method in methods.keys() & _METHODS:
                where = f"{method.upper()} {path}"
                new = self._new["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{where}: removed"
                else:
                    yield from self._operation(where, methods[method], new)

    def webhooks(self) -> Iterator[str]:
        """Compare the bodies of webhooks, which clients read as they read answers."""
        for name, methods in self._old.get("webhooks", {}).items():
            for method in methods.keys() & _METHODS:
                new = self._new.get("webhooks", {}).get(name, {}).get(method)
                if new is None:
                    yield f"webhook {name}: removed"
                    continue
                before, after = methods[method].get("requestBody", {}), new.get("requestBody", {})
                yield from self._content(f"webhook {name}", _Side.ANSWER, self._of_old(before), self._of_new(after))

    def _operation(self, where: str, old: Json, new: Json) -> Iterator[str]:
        if new.get("security") and not old.get("security"):
            yield f"{where}: takes a token now"
        yield from self._parameters(where, old, new)
        yield from self._request_body(f"{where}: request", old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            place = f"{where}: {status}"
            if status in new["responses"]:
                yield from self._answer(place, status, answer, new["responses"][status])
            else:
                yield f"{place}: removed"

    def _parameters(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in map(self._of_old, old.get("parameters", []))}
        after = {(each["in"], each["name"]): each for each in map(self._of_new, new.get("parameters", []))}
        for key in before.keys() | after.keys():
            place = f"{where}: parameter {key[1]} in {key[0]}"
            if key not in after:
                yield f"{place}: removed"
            elif after[key].get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: required now"
            if key in before and key in after:
                yield from self._schema(place, _Side.REQUEST, before[key]["schema"], after[key]["schema"])

    def _request_body(self, where: str, old: Json | None, new: Json | None) -> Iterator[str]:
        if new is None:
            if old is not None:
                yield f"{where}: no longer has a body"
            return
        if new.get("required") and not (old or {}).get("required"):
            yield f"{where}: body required now"
        if old is not None:
            yield from self._content(where, _Side.REQUEST, self._of_old(old), self._of_new(new))

    def _answer(self, where: str, status: str, old: Json, new: Json) -> Iterator[str]:
        old, new = self._of_old(old), self._of_new(new)
        for name, header in old.get("headers", {}).items():
            if name not in new.get("headers", {}):
                yield f"{where}: header {name} removed"
            elif self._of_old(header).get("required") and not self._of_new(new["headers"][name]).get("required"):
                yield f"{where}: header {name} optional now"
        yield from self._content(where, _Side.ANSWER if status < "400" else _Side.PROBLEM, old, new)

    def _content(self, where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{where}: {media_type} removed"
            else:
                yield from self._schema(where, side, content["schema"], new["content"][media_type]["schema"])

    def _schema(self, where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
        """Compare two schemas, alternative by alternative."""
        before, after = _alternatives(self._old, old), _alternatives(self._new, new)
        if [each.get("type") for each in (*before.values(), *after.values())] == ["object", "object"]:
            # The name of an only alternative means nothing.
            after = dict(zip(before, after.values(), strict=True))
        for name in before.keys() - after.keys():
            yield f"{where}: {name} removed"
        # Clients must expect unknown problems.
        if side is _Side.ANSWER:
            for name in after.keys() - before.keys():
                yield f"{where}: {name} possible now"
        for name in before.keys() & after.keys():
            yield from self._one(where, side, before[name], after[name])

    def _one(self, where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
        yield from _limits(where, side, old, new)
        yield from _enumeration(where, side, old, new)
        rules = (*_RULES, *(["oneOf", "anyOf"] if "type" in old else []), *(["allOf"] if side is _Side.REQUEST else []))
        for rule in rules:
            if old.get(rule) != new.get(rule) and (rule in new if side is _Side.REQUEST else rule in old):
                yield f"{where}: {rule} is {new.get(rule)!r} instead of {old.get(rule)!r}"
        yield from self._fields(where, side, old, new)
        if side is not _Side.REQUEST:
            yield from self._parts(where, side, old.get("allOf", []), new.get("allOf", []))
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", side, old["items"], new["items"])

    def _parts(self, where: str, side: _Side, old: list[Json], new: list[Json]) -> Iterator[str]:
        """Compare the schemas that hold at once; more of them promise more."""
        if len(new) < len(old):
            yield f"{where}: fewer schemas hold now"
        for before, after in zip(old, new, strict=False):
            yield from self._schema(where, side, before, after)

    def _fields(self, where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", [])), set(new.get("required", []))
        for name in before.keys() - after.keys():
            yield f"{where}.{name}: removed"
        for name in is_required - was_required if side is _Side.REQUEST else was_required - is_required:
            if name in after:
                yield f"{where}.{name}: {'required' if side is _Side.REQUEST else 'optional'} now"
        if side is _Side.REQUEST and new.get("additionalProperties") is False and old.get("additionalProperties", True):
            yield f"{where}: other fields are refused now"
        for name in before.keys() & after.keys():
            yield from self._schema(f"{where}.{name}", side, before[name], after[name])

    def _of_old(self, described: Json) -> Json:
        return resolved(self._old, described)

    def _of_new(self, described: Json) -> Json:
        return resolved(self._new, described)


def _alternatives(document: Json, schema: Json) -> dict[str, Json]:
    """Return a schema's alternatives by name; with a type beside them, they are constraints on that type."""
    target = resolved(document, schema)
    several = None if "type" in target else target.get("anyOf") or target.get("oneOf")
    return {_name(each): resolved(document, each) for each in several or [schema]}


def _name(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    return " ".join([str(schema.get("type", "anything")), *([schema["format"]] if "format" in schema else [])])


def _limits(where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
    for names, none, sign in ((_LOWER_LIMITS, _LEAST, 1), (_UPPER_LIMITS, _MOST, -1)):
        for name in names:
            raised = sign * (new.get(name, none) - old.get(name, none)) if name in {*old, *new} else 0
            if raised > 0 if side is _Side.REQUEST else raised < 0:
                yield f"{where}: {name} is {new.get(name)} instead of {old.get(name)}"


def _enumeration(where: str, side: _Side, old: Json, new: Json) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if side is _Side.REQUEST:
        before, after = after, before
    # From here on, `before` must include all of `after`.
    if before is None:
        return
    if after is None:
        yield f"{where}: {'only certain values are taken' if side is _Side.REQUEST else 'any value is possible'} now"
        return
    is_open = side is not _Side.REQUEST and where.removesuffix("[]").rpartition(".")[2] in _OPEN
    for value in after:
        if value not in before and not is_open:
            yield f"{where}: {value!r} is {'refused' if side is _Side.REQUEST else 'possible'} now"
