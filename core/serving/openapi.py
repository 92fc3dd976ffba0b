"""What the API takes and gives, as an OpenAPI 3.1 document, and a page that shows it without any script."""

from __future__ import annotations

import functools
from typing import Any

import jinja2

from core.config import EXPECTATIONS, POLARITIES
from core.network.prediction import Verdict
from core.reading import picture
from core.serving import bodies

JSON = "application/json"
VERDICTS = (*(str(verdict) for verdict in Verdict), "error")


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required, **more}


def _list_of(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


SHARE = {"type": "number", "minimum": 0, "maximum": 1}
WHOLE = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
TEXT_OR_NULL = {"type": ["string", "null"]}
WHOLE_OR_NULL = {"type": ["integer", "null"]}
SHARE_OR_NULL = {"type": ["number", "null"], "minimum": 0, "maximum": 1}

SCHEMAS = {
    "Reading": _object(
        {
            "file": {**TEXT, "description": "The picture's name as it was sent."},
            "text": {**TEXT, "description": "What was read: “7”, “1984”, a space between lines; empty for none."},
            "verdict": {"enum": list(VERDICTS), "description": "“error” where the picture can't be read."},
            "confidence": {**SHARE, "description": "Probability of the answer; of a number, of all its digits."},
            "probabilities": _list_of(SHARE, description="Of 0 to 9; none where a number was read, or nothing."),
            "digits": _list_of(_ref("Digit"), description="Each digit that was read, in reading order."),
            "error": {**TEXT_OR_NULL, "description": "Why the picture can't be read; null where it was."},
            "remark": {**TEXT, "description": "The answer in a sentence, doubt included."},
            "label": {**WHOLE_OR_NULL, "description": "The digit that its name tells, if any: “7_anna.png”."},
        }
    ),
    "Digit": _object(
        {
            "digit": {**WHOLE, "maximum": 9},
            "confidence": SHARE,
            "box": _list_of(
                {"type": "integer"}, minItems=4, maxItems=4,
                description="x, y, width, height in pixels of the upright picture.",
            ),
        }
    ),
    "Model": _object(
        {
            "name": TEXT,
            "version": {**TEXT, "description": "Names the exact weights: the first 8 figures of their SHA-256."},
            "shipped": {"type": "boolean"},
            "architecture": TEXT_OR_NULL,
            "parameters": WHOLE_OR_NULL,
            "test_accuracy": {**SHARE_OR_NULL, "description": "On MNIST's 10,000 test digits."},
            "in_use": {"type": "boolean", "description": "Whether it answers where no model is named."},
        }
    ),
    "Run": _object(
        {
            "id": TEXT,
            "name": TEXT,
            "status": TEXT,
            "remark": TEXT,
            "created": TEXT,
            "model": {**TEXT_OR_NULL, "description": "The model with its best weights; null where none were kept."},
            "base": {**TEXT_OR_NULL, "description": "The model it fine-tuned a copy of."},
            "epochs": WHOLE,
            "validation_accuracy": SHARE_OR_NULL,
            "progress": {
                "oneOf": [
                    {"type": "null"},
                    _object({"phase": TEXT, "step": WHOLE, "steps": WHOLE, "seconds": {"type": "number"}}),
                ],
                "description": "Of the run that is going on; null for the others.",
            },
        }
    ),
    "Problem": _object(
        {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "instance": TEXT},
        description="A problem document (RFC 9457); “detail” is a sentence that says what to do.",
    ),
    "State": _object({"status": TEXT}),
}  # fmt: skip

REFUSALS = {
    "400": "A parameter or the form can't be understood.",
    "401": "The server is shared, and the token is missing or unknown.",
    "404": "There is no such model.",
    "408": "The body did not arrive in time.",
    "413": "Too many bytes in a picture or in all; where their number is announced, none is read.",
    "422": "The picture can't be read; of several each has its own “error” instead.",
    "429": "Too many requests wait. “Retry-After” says in how many seconds to try again.",
    "503": "No model can answer.",
}


def _answers(schema: dict[str, Any], description: str, *refusals: str, media: str = JSON) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    return {
        "200": {"description": description, "content": {media: {"schema": schema}}},
        **{status: {"description": REFUSALS[status], "content": problem} for status in refusals},
    }


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


@functools.cache
def describe() -> dict[str, Any]:
    """The whole document."""
    megabytes = f"{picture.LIMITS.bytes // 10**6} MB and {picture.LIMITS.pixels // 10**6} million pixels"
    parameters: dict[str, tuple[str, dict[str, Any]]] = {
        "expect": (
            "“one” reads one digit whatever else there is, “number” all digits, “auto” sees for itself.",
            {"enum": list(EXPECTATIONS), "default": "auto"},
        ),
        "polarity": ("Whether ink is darker than its paper.", {"enum": list(POLARITIES), "default": "auto"}),
        "model": ("The model to ask; the one in use where none is named.", TEXT),
    }
    form = _object(
        {
            "file": _list_of(
                {"type": "string", "contentMediaType": "application/octet-stream"},
                maxItems=bodies.MOST_PICTURES,
                description="Any number of files, under any names of fields.",
            )
        }
    )
    form["properties"] |= {name: {**schema, "description": text} for name, (text, schema) in parameters.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Digit Lab",
            "version": "1",
            "description": "Reads handwritten digits and numbers in pictures, as the page Predict does.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": {
            "/api/v1/read": {
                "post": {
                    "operationId": "read",
                    "summary": "Read pictures",
                    "description": (
                        f"One picture as the body: the answer is one object. Up to {bodies.MOST_PICTURES} pictures as "
                        "files of a form: the answer is a list in their order, and one that can't be read has its "
                        f"“error”. A picture has at most {megabytes}; all of a request at most "
                        f"{bodies.MOST_BYTES // 10**6} MB. PNG, JPEG, HEIC, WebP, AVIF, BMP, GIF, TIFF and PPM are "
                        "told by their content."
                    ),
                    "parameters": [
                        *(_parameter(name, text, schema) for name, (text, schema) in parameters.items()),
                        _parameter("name", "The picture's name, where it is the body.", TEXT),
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "image/*": {"schema": {}},
                            "application/octet-stream": {"schema": {}},
                            "multipart/form-data": {"schema": form},
                        },
                    },
                    "responses": _answers(
                        {"oneOf": [_ref("Reading"), _list_of(_ref("Reading"))]}, "What was read.", *REFUSALS
                    ),
                }
            },
            "/api/v1/models": {
                "get": {
                    "operationId": "models",
                    "summary": "List the models",
                    "responses": _answers(_list_of(_ref("Model")), "All models, the usual one first.", "401"),
                }
            },
            "/api/v1/runs": {
                "get": {
                    "operationId": "runs",
                    "summary": "List the training runs",
                    "responses": _answers(_list_of(_ref("Run")), "All runs, the newest first.", "401"),
                }
            },
            "/health": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether the server is alive",
                    "security": [],
                    "responses": _answers(_ref("State"), "It is."),
                }
            },
            "/ready": {
                "get": {
                    "operationId": "ready",
                    "summary": "Whether the model is loaded",
                    "security": [],
                    "responses": _answers(_ref("State"), "It is.", "503"),
                }
            },
            "/metrics": {
                "get": {
                    "operationId": "metrics",
                    "summary": "Figures for Prometheus",
                    "responses": _answers(TEXT, "Prometheus' text format.", "401", media="text/plain"),
                }
            },
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token is needed where the server is shared. Its owner makes tokens on Home.",
                }
            },
        },
    }


@functools.cache
def draw_page() -> str:
    """The document as a page of HTML that asks for nothing else: no script, no font, no picture."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("core.serving", "."), autoescape=True)
    return environment.get_template("api_page.html.jinja").render(document=describe())
