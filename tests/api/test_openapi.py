"""The OpenAPI document itself: whole, consistent, and the one that is served."""
import re

import pytest
from jsonschema import Draft202012Validator

import openapi
from numbers_ekmc import valid_number

DOC = openapi.DOCUMENT
OPERATIONS = list(openapi.operations())


def walk(node, path=""):
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from walk(value, f"{path}/{i}")


def test_every_reference_leads_somewhere_and_every_component_is_used():
    used = {node["$ref"] for _, node in walk(DOC) if isinstance(node, dict) and "$ref" in node}
    for ref in used:
        openapi.resolve({"$ref": ref})
    there = {f"#/components/{kind}/{name}" for kind, things in DOC["components"].items()
             for name in things if kind != "securitySchemes"}
    # said in info.description: they answer what is not in the document
    there -= {f"#/components/responses/{name}" for name in openapi.ANYWHERE.values()}
    assert not there - used


def test_every_schema_is_a_schema():
    for name, schema in DOC["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema), name


def test_every_object_refuses_what_it_does_not_name():
    for path, node in walk(DOC["components"]["schemas"]):
        if isinstance(node, dict) and node.get("type") == "object":
            assert node.get("additionalProperties") is False, path


def test_every_example_fits_its_schema():
    for path, node in walk(DOC):
        if not isinstance(node, dict) or "schema" not in node or path.startswith("/components/schemas"):
            continue
        examples = [e["value"] for e in node.get("examples", {}).values()]
        if "example" in node:
            examples.append(node["example"])
        for example in examples:
            errors = openapi.schema_errors(node["schema"], example)
            assert not errors, f"{path}: {errors}"


def test_the_numbers_of_the_examples_are_well_formed():
    for path, node in walk(DOC):
        if isinstance(node, str) and re.fullmatch("26[0-9]{10}", node):
            assert valid_number(node), f"{node} at {path}"


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_operation_is_complete(op):
    assert op.spec["operationId"] and op.spec["summary"] and op.spec["tags"]
    assert [s.spec["operationId"] for s in OPERATIONS].count(op.spec["operationId"]) == 1
    in_path = {p["name"] for p in op.parameters("path")}
    assert in_path == set(re.findall(r"\{(\w+)\}", op.path))
    statuses = set(op.spec["responses"])
    assert {"400", "500", "503"} <= statuses
    if op.spec.get("security") != []:
        assert {"401", "403"} <= statuses
    if "requestBody" in op.spec:
        assert {"413", "415", "422"} <= statuses
        assert "Idempotency-Key" in {p["name"] for p in op.parameters("header")}


def test_what_is_served_is_this_document(anyone):
    answer = anyone.get("/openapi.json")
    assert answer.status == 200
    assert answer.data == DOC


@pytest.mark.parametrize("path", sorted([*(openapi.ROOT / "nginx" / "www").rglob("*.html"), *(openapi.ROOT / "nginx" / "www").rglob("*.json"),
                                         openapi.ROOT / "fcgi" / "api" / "params.c", openapi.ROOT / "fcgi" / "api" / "openapi.json"]),
                         ids=lambda p: p.name)
def test_every_number_shown_as_an_example_would_be_taken(path):
    """The example of the search page had a wrong check digit: who typed it heard that it was mistyped."""
    digits = str.maketrans("০১২৩৪৫৬৭৮৯०१२३४५६७८९", "01234567890123456789")
    for shown in re.findall(r"\b2[0-9]{3} ?[0-9]{4} ?[0-9]{4}\b", path.read_text("utf-8").translate(digits)):
        assert valid_number(shown.replace(" ", "")), f"{path.name}: {shown}"
