"""Schemas of what is sent and answered, from the types that the code is held to."""

import ast
import inspect
import textwrap
import types
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypedDict, cast

from pydantic import AliasChoices, BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from local.openapi.references import SCHEMA, Json
from orders.domain import errors
from orders.domain.errors import OrderServiceError
from orders.domain.money import MAX_UNIT_PRICE
from orders.schemas import problems
from orders.schemas.requests import Cancellation, NewOrder, StatusUpdate
from orders.schemas.responses import HealthView, OrderView, PageView


class GatewayMessage(TypedDict):
    """What API Gateway itself answers, before or instead of the service."""

    message: str
    """What was wrong, in a few words."""


REQUESTS: tuple[type[BaseModel], ...] = (NewOrder, Cancellation, StatusUpdate)
ANSWERS: tuple[Any, ...] = (OrderView, PageView, HealthView, GatewayMessage)
PROBLEMS: dict[type[OrderServiceError], Any] = {
    errors.DownstreamUnavailable: problems.DownstreamProblem,
    errors.InsufficientStock: problems.InsufficientStockProblem,
    errors.InvalidTransition: problems.InvalidTransitionProblem,
    errors.OrderNotCancellable: problems.OrderNotCancellableProblem,
    errors.PriceChanged: problems.PriceChangedProblem,
    errors.PriceUnknown: problems.ProductsProblem,
    errors.UnknownProduct: problems.ProductsProblem,
    errors.ValidationFailed: problems.ValidationProblem,
    errors.VersionMismatch: problems.VersionMismatchProblem,
}
"""The errors whose problems have members of their own."""


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas, with the docstrings below fields, both names of a field, and prices as people write them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Names speak for themselves."""
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        """A price in a request: a number, or the same in digits."""
        return {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": MAX_UNIT_PRICE},
                {"type": "string", "pattern": r"^[0-9]{1,11}(\.[0-9]+)?$"},
            ]
        }

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A request, with its fields' docstrings and other names."""
        made = super().model_schema(schema)
        _describe(made, schema["cls"])
        _add_other_names(made, schema["cls"])
        return made

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """An answer, with its fields' docstrings, and no others than these."""
        made = super().typed_dict_schema(schema) | {"additionalProperties": False}
        _describe(made, schema["cls"])
        return made


def components(answered: Iterable[type[OrderServiceError]]) -> Json:
    """All schemas, by name.

    Args:
        answered: the errors that operations answer with.
    """
    details = {error: PROBLEMS.get(error, problems.Problem) for error in answered}
    modes: dict[Any, JsonSchemaMode] = dict.fromkeys(REQUESTS, "validation")
    modes |= dict.fromkeys((*ANSWERS, *details.values()), "serialization")
    inputs = [(kind, mode, TypeAdapter(kind)) for kind, mode in modes.items()]
    _, generated = TypeAdapter.json_schemas(inputs, ref_template=SCHEMA, schema_generator=_Generator)
    schemas: Json = generated["$defs"]
    bases = {detail: schemas.pop(detail.__name__) for detail in set(details.values())}
    schemas |= {problem_name(error): _problem(error, bases[detail]) for error, detail in details.items()}
    for schema in schemas.values():
        schema.pop("title", None)  # a component has a name
    return dict(sorted(schemas.items()))


def problem_name(error: type[OrderServiceError]) -> str:
    """The name of the schema of an error's problem."""
    return error.code.title().replace("_", "")


def problem_summary(error: type[OrderServiceError]) -> str:
    """What an error means, in one sentence."""
    return inspect.cleandoc(error.__doc__ or error.title).partition("\n")[0]


def _problem(error: type[OrderServiceError], base: Json) -> Json:
    fixed = {"type": f"/problems/{error.code}", "title": error.title, "status": error.status, "code": error.code}
    constants = {name: {**base["properties"][name], "const": value} for name, value in fixed.items()}
    return base | {"description": problem_summary(error), "properties": base["properties"] | constants}


def _describe(schema: JsonSchemaValue, cls: type) -> None:
    """Give each property the docstring below its field, in the class itself or in one that it is made from."""
    for base in types.get_original_bases(cls):
        if inspect.isclass(base) and base not in {BaseModel, object}:
            _describe(schema, base)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    for field, docstring in pairwise(cast("ast.ClassDef", definition).body):
        match field, docstring:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                schema["properties"][name]["description"] = inspect.cleandoc(text)


def _add_other_names(schema: JsonSchemaValue, model: type[BaseModel]) -> None:
    """Document the names that a field may be sent under: one of them at a time, and just one where it is required."""
    rules: list[Json] = []
    for field in model.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            name, *others = names = [str(choice) for choice in field.validation_alias.choices]
            for other in others:
                schema["properties"][other] = schema["properties"][name] | {"description": f"The same as `{name}`."}
            if field.is_required():
                schema["required"].remove(name)
                rules.append({"oneOf": [{"required": [each]} for each in names]})
            else:
                rules.append({"not": {"required": names}})
    if rules:
        schema["allOf"] = rules
