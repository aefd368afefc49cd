"""Holds values against the schemas of spec/schemas: the part of JSON Schema 2020-12 that they use. Raises ValueError."""

import functools
import json
import re

from .refusal import SPEC

_TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_KNOWN = {
    "$schema", "$id", "$ref", "$defs", "title", "description", "type", "properties", "required", "items", "const", "enum",
    "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
    "additionalProperties", "oneOf", "not",
}  # fmt: skip


def check(value: object, name: str) -> None:
    """`name` is that of a file, such as `token`."""
    _check(value, _load(f"{name}.schema.json"), "")


@functools.cache
def _load(file: str) -> dict:
    return json.loads((SPEC / "schemas" / file).read_text("utf-8"))


@functools.cache
def _pattern(text: str) -> re.Pattern:
    # In Python `$` also matches before a last line feed.
    return re.compile(text.removesuffix("$") + r"\Z" if text.endswith("$") else text, re.ASCII)


def _resolve(reference: str) -> dict:
    file, _, path = reference.partition("#")
    schema = _load(file)
    for name in path.split("/")[1:]:
        schema = schema[name]
    return schema


def _check(value: object, schema: dict | bool, at: str) -> None:
    if schema is True:
        return
    if not isinstance(schema, dict) or set(schema) - _KNOWN:
        raise RuntimeError(f"a schema says something that this program does not know, at {at}")
    if "$ref" in schema:
        _check(value, _resolve(schema["$ref"]), at)
    _require("type" not in schema or any(_TYPES[name](value) for name in _listed(schema["type"])), at)
    _require("const" not in schema or _same(value, schema["const"]), at)
    _require("enum" not in schema or any(_same(value, each) for each in schema["enum"]), at)
    if "oneOf" in schema:
        _require(sum(_is_valid(value, each) for each in schema["oneOf"]) == 1, at)
    _require("not" not in schema or not _is_valid(value, schema["not"]), at)
    if isinstance(value, str):
        _require("pattern" not in schema or _pattern(schema["pattern"]).search(value) is not None, at)
        _require(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)), at)
    elif isinstance(value, int) and not isinstance(value, bool):
        _require(schema.get("minimum", value) <= value <= schema.get("maximum", value), at)
    elif isinstance(value, list):
        _check_list(value, schema, at)
    elif isinstance(value, dict):
        _check_object(value, schema, at)


def _check_list(value: list, schema: dict, at: str) -> None:
    _require(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)), at)
    if schema.get("uniqueItems"):
        _require(not any(_same(a, b) for i, a in enumerate(value) for b in value[:i]), at)
    for index, each in enumerate(value):
        _check(each, schema.get("items", True), f"{at}/{index}")


def _check_object(value: dict, schema: dict, at: str) -> None:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        _require(name in value, f"{at}/{name}")
    for name, each in value.items():
        _require(name in properties or schema.get("additionalProperties", True) is not False, f"{at}/{name}")
        _check(each, properties.get(name, True), f"{at}/{name}")


def _is_valid(value: object, schema: dict) -> bool:
    try:
        _check(value, schema, "")
    except ValueError:
        return False
    return True


def _same(a: object, b: object) -> bool:
    """Equality of JSON: in Python True == 1."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def _listed(names: str | list) -> list:
    return names if isinstance(names, list) else [names]


def _require(condition: bool, at: str) -> None:
    if not condition:
        raise ValueError(f"not as the schema says at {at or '/'}")
