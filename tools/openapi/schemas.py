"""Schemas of requests, responses and problems, from the types that the code uses."""

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

from orders.domain import errors
from orders.domain.errors import OrderServiceError
from orders.schemas import problems
from orders.schemas.events import EventDocument, EventPageView
from orders.schemas.requests import Cancellation, CustomerOrder, NewOrder, OrderUpdate, StatusUpdate
from orders.schemas.responses import ErasureView, HealthView, OrderView, PageView
from tools.openapi import events
from tools.openapi.references import SCHEMA, Json


class GatewayMessage(TypedDict):
    """A response of API Gateway itself."""

    message: str
    """What was wrong."""


REQUESTS: tuple[type[BaseModel], ...] = (NewOrder, CustomerOrder, OrderUpdate, Cancellation, StatusUpdate)
ANSWERS: tuple[Any, ...] = (
    OrderView,
    PageView,
    EventPageView,
    EventDocument,
    ErasureView,
    HealthView,
    GatewayMessage,
)
PROBLEMS: dict[type[OrderServiceError], Any] = {
    errors.DownstreamUnavailable: problems.DownstreamProblem,
    errors.InsufficientStock: problems.InsufficientStockProblem,
    errors.InvalidTransition: problems.InvalidTransitionProblem,
    errors.OrderNotCancellable: problems.OrderNotCancellableProblem,
    errors.OrderNotUpdatable: problems.OrderNotUpdatableProblem,
    errors.PriceChanged: problems.PriceChangedProblem,
    errors.PriceUnknown: problems.ProductsProblem,
    errors.UnknownProduct: problems.ProductsProblem,
    errors.ValidationFailed: problems.ValidationProblem,
    errors.VersionMismatch: problems.VersionMismatchProblem,
}
"""Errors whose problems have additional members."""


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas with field docstrings and alias names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        """Leave out titles, which repeat the names."""
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Describe an object of strings: no name may break the pattern of names."""
        made = super().dict_schema(schema)
        for pattern, values in made.pop("patternProperties", {}).items():
            made["propertyNames"]["pattern"] = pattern
            made["additionalProperties"] = values
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Describe a request, with field docstrings and aliases."""
        made = super().model_schema(schema)
        _describe(made, schema["cls"])
        _add_other_names(made, schema["cls"])
        return made

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Describe a response, with field docstrings and no other fields."""
        made = super().typed_dict_schema(schema) | {"additionalProperties": False}
        _describe(made, schema["cls"])
        return made


def components(answered: Iterable[type[OrderServiceError]]) -> Json:
    """Return all schemas, by name.

    Args:
        answered: the errors of all operations.
    """
    details = {error: PROBLEMS.get(error, problems.Problem) for error in answered}
    modes: dict[Any, JsonSchemaMode] = dict.fromkeys(REQUESTS, "validation")
    modes |= dict.fromkeys((*ANSWERS, *details.values()), "serialization")
    inputs = [(kind, mode, TypeAdapter(kind)) for kind, mode in modes.items()]
    _, generated = TypeAdapter.json_schemas(inputs, ref_template=SCHEMA, schema_generator=_Generator)
    schemas: Json = generated["$defs"]
    bases = {detail: schemas.pop(detail.__name__) for detail in set(details.values())}
    schemas |= events.components()
    schemas |= {problem_name(error): _problem(error, bases[detail]) for error, detail in details.items()}
    for schema in schemas.values():
        schema.pop("title", None)  # a component has a name
    return dict(sorted(schemas.items()))


def problem_name(error: type[OrderServiceError]) -> str:
    """Return the schema name of an error's problem."""
    return error.code.title().replace("_", "")


def problem_summary(error: type[OrderServiceError]) -> str:
    """Return the meaning of an error in one sentence."""
    return inspect.cleandoc(error.__doc__ or error.title).partition("\n")[0]


def _problem(error: type[OrderServiceError], base: Json) -> Json:
    fixed = {"type": f"/problems/{error.code}", "title": error.title, "status": error.status, "code": error.code}
    constants = {name: {**base["properties"][name], "const": value} for name, value in fixed.items()}
    return base | {"description": problem_summary(error), "properties": base["properties"] | constants}


def _describe(schema: JsonSchemaValue, cls: type) -> None:
    """Give each property the docstring of its field, also from base classes."""
    for base in types.get_original_bases(cls):
        if inspect.isclass(base) and base not in {BaseModel, object}:
            _describe(schema, base)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    for field, docstring in pairwise(cast("ast.ClassDef", definition).body):
        match field, docstring:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                schema["properties"][name]["description"] = inspect.cleandoc(text)


def _add_other_names(schema: JsonSchemaValue, model: type[BaseModel]) -> None:
    """Document aliases: at most one name of a field may be sent, and exactly one if it is required."""
    rules: list[Json] = []
    for field in model.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            name, *others = names = [str(choice) for choice in field.validation_alias.choices]
            for other in others:
                schema["properties"][other] = schema["properties"][name] | {"description": f"Alias of `{name}`."}
            if field.is_required():
                schema["required"].remove(name)
                rules.append({"oneOf": [{"required": [each]} for each in names]})
            else:
                rules.append({"not": {"required": names}})
    if rules:
        schema["allOf"] = rules
