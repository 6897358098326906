"""Checks documents against a JSON Schema (draft 7): one line a document, "valid" or what is wrong.

usage: check_schema.py [--own] SCHEMA DOCUMENT...    JSON, or YAML where PyYAML is installed

With the package jsonschema where it is installed, else, or with --own, with the few keywords that Sentinel's schema uses.
"""
import json
import pathlib
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
IGNORED = {"$schema", "title", "description", "definitions"}


def check_type(name, value):
    is_type = isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
    return [] if is_type else [f"is not of type {name}"]


def check_properties(schema, value):
    known = schema.get("properties", {})
    for key, item in value.items():
        if key in known:
            yield from check(known[key], item)
        elif schema.get("additionalProperties", True) is False:
            yield f"has the unknown key {key}"
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from check(schema["additionalProperties"], item)


KEYWORDS = {
    "type": lambda s, v: check_type(s["type"], v),
    "enum": lambda s, v: [] if any(v == one and type(v) is type(one) for one in s["enum"]) else ["is none of the words"],
    "const": lambda s, v: [] if v is s["const"] else ["is not the constant"],
    "minLength": lambda s, v: [] if not isinstance(v, str) or len(v) >= s["minLength"] else ["is too short"],
    "maxLength": lambda s, v: [] if not isinstance(v, str) or len(v) <= s["maxLength"] else ["is too long"],
    "pattern": lambda s, v: [] if not isinstance(v, str) or re.search(s["pattern"], v) else ["does not fit the pattern"],
    "minimum": lambda s, v: [] if not isinstance(v, int) or v >= s["minimum"] else ["is too small"],
    "maximum": lambda s, v: [] if not isinstance(v, int) or v <= s["maximum"] else ["is too large"],
    "minItems": lambda s, v: [] if not isinstance(v, list) or len(v) >= s["minItems"] else ["has too few items"],
    "minProperties": lambda s, v: [] if not isinstance(v, dict) or len(v) >= s["minProperties"] else ["has too few keys"],
    "items": lambda s, v: [e for item in v for e in check(s["items"], item)] if isinstance(v, list) else [],
    "required": lambda s, v: [f"lacks {key}" for key in s["required"] if isinstance(v, dict) and key not in v],
    "properties": lambda s, v: list(check_properties(s, v)) if isinstance(v, dict) else [],
    "additionalProperties": lambda s, v: list(check_properties(s, v)) if isinstance(v, dict) else [],
    "propertyNames": lambda s, v: [e for key in v for e in check(s["propertyNames"], key)] if isinstance(v, dict) else [],
    "allOf": lambda s, v: [e for one in s["allOf"] for e in check(one, v)],
    "anyOf": lambda s, v: [] if any(not check(one, v) for one in s["anyOf"]) else ["fits none of several"],
}
root = {}


def check(schema, value):
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return check(target, value)
    unknown = set(schema) - set(KEYWORDS) - IGNORED
    if unknown:
        raise SystemExit(f"the schema has keywords that this checker does not know: {unknown}")
    return [error for keyword in schema if keyword in KEYWORDS for error in KEYWORDS[keyword](schema, value)]


def read(path):
    text = pathlib.Path(path).read_text()
    if not path.endswith((".yaml", ".yml")):
        return json.loads(text)
    import yaml
    return yaml.safe_load(text)


def find_checker(wants_own):
    try:
        import jsonschema
    except ImportError:
        return check
    if wants_own:
        return check
    jsonschema.Draft7Validator.check_schema(root)
    validator = jsonschema.Draft7Validator(root)
    return lambda _, value: [error.message for error in validator.iter_errors(value)]


def main(arguments):
    wants_own = arguments[:1] == ["--own"]
    arguments = arguments[1:] if wants_own else arguments
    root.update(read(arguments[0]))
    checker = find_checker(wants_own)
    for path in arguments[1:]:
        errors = checker(root, read(path))
        print(errors[0].replace("\n", " ")[:200] if errors else "valid")


main(sys.argv[1:])
