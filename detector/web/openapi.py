"""The HTTP interface as an OpenAPI 3.1 document; the page /api shows the same to people."""

from typing import Any

from detector.records.fields import COUNT, NUMBER, TEXT, list_of, object_with, optional, schema_of
from detector.records.result import MODEL_SCHEMA, VERSION_SCHEMA, Result
from detector.report.comparison_record import COMPARISON_SCHEMA
from detector.version import __version__
from detector.web.limits import Limits

_NUMBER = optional(NUMBER)


def _object(**properties: Any) -> dict[str, Any]:
    return object_with(properties)


def _list(item: dict[str, Any], says: str = "") -> dict[str, Any]:
    return list_of(item) | ({"description": says} if says else {})


def _described(schema: dict[str, Any], says: str) -> dict[str, Any]:
    return {**schema, "description": says}


_PLACE = {"start_char": COUNT, "end_char": COUNT}

RESULT = schema_of(Result)
RESULTS = _object(results=_list({"$ref": "#/components/schemas/Result"}, "In the order of what was sent."))

TOKENS = _object(
    schema_version=VERSION_SCHEMA,
    model=MODEL_SCHEMA,
    first_token=_described(TEXT, "What stands before the first token."),
    window_tokens=_described(COUNT, "Tokens the model reads at once."),
    disguises_undone={
        "type": "object",
        "additionalProperties": COUNT,
        "description": "Places of each kind of disguise that were undone before scoring.",
    },
    tokens=_list(
        _object(
            id=COUNT,
            text=TEXT,
            **_PLACE,
            log_prob_nats=_NUMBER,
            rank=_described(COUNT, "1 = the likeliest token."),
            entropy_nats=_NUMBER,
            top=_list({"type": "array"}, "Likeliest tokens as [text, probability], best first."),
        )
    ),
)

ERROR = _object(
    error=_object(
        status=COUNT,
        code=_described(TEXT, "For programs."),
        message=_described(TEXT, "What to do about it, for people."),
    )
)

ERRORS = {
    "400": "The body is not JSON, or broke off.",
    "401": "A token is needed and was not sent.",
    "403": "The request came from another site's page.",
    "408": "The body took too long to arrive.",
    "413": "The body or a text is larger than allowed, or there are too many texts.",
    "415": "Another content type, or a file whose text cannot be read, such as a picture or a PDF with a password.",
    "421": "The Host header names another machine.",
    "422": "No text, an unknown or wrong field, or a text that cannot be scored.",
    "500": "A defect of the program; the server goes on.",
    "501": "A PDF was asked for, and what makes it is not installed.",
    "503": "Too many texts wait (try again after Retry-After seconds), scoring took too long, or the server stops.",
}


def description(limits: Limits) -> dict[str, Any]:
    """The OpenAPI document of a server with these limits."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "detect",
            "version": __version__,
            "description": "Did a human or a machine write this text? A score is not proof. Texts are neither stored "
            "nor logged.",
        },
        "paths": {
            "/api/detect": _post(
                "The verdict on a text, as `detect PATH --json` prints it; on several texts or files, a list.",
                {"oneOf": [_REF["Result"], _REF["Results"]]},
                {"oneOf": [_fields(_text_field(limits) | _ID, "text"), _fields(_texts_field(limits), "texts")]},
                _form(file={"type": "array", "items": _FILE}),
            ),
            "/api/compare": _post(
                "The verdicts on two texts, and every statistic of both side by side.",
                _REF["Comparison"],
                _fields({"first": _item(limits), "second": _item(limits)}, "first", "second"),
                _form(first=_FILE, second=_FILE),
                takes_bytes=False,
            ),
            "/api/report": _post(
                "The report on a text as one self-contained HTML page; as PDF under ?format=pdf.",
                None,
                _fields(_text_field(limits) | _ID, "text"),
                _form(file=_FILE),
            ),
            "/api/score": _post(
                "Log-probability, rank and entropy of every token, as `detect score PATH --json` prints it. The text "
                "is taken as it stands; only disguises, such as invisible characters, are undone first.",
                _REF["Tokens"],
                _fields(_text_field(limits) | _ID | _TOP, "text"),
                _form(file=_FILE),
            ),
            "/healthz": {
                "get": {
                    "summary": "Whether the server is alive; needs no token.",
                    "responses": {"200": {"description": 'Always {"status": "ok"}.'}},
                }
            },
        },
        "components": {
            "schemas": {
                "Result": RESULT,
                "Results": RESULTS,
                "Comparison": COMPARISON_SCHEMA,
                "Tokens": TOKENS,
                "Error": ERROR,
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_ID = {"id": {"type": "string", "maxLength": 300, "description": "Comes back in the record. Optional."}}
_TOP = {
    "top": {
        "type": "integer",
        "minimum": 0,
        "maximum": 20,
        "default": 5,
        "description": "Likeliest alternatives of each token. Optional.",
    }
}


def _text_field(limits: Limits) -> dict[str, Any]:
    return {
        "text": {
            "type": "string",
            "maxLength": limits.characters,
            "description": f"The text, of {limits.characters:,} characters at most.",
        }
    }


def _item(limits: Limits) -> dict[str, Any]:
    """A text of a list, or one of two."""
    return {
        "oneOf": [{"type": "string"}, _fields(_text_field(limits) | _ID, "text")],
        "description": "A text, or an object with text and id.",
    }


def _texts_field(limits: Limits) -> dict[str, Any]:
    return {
        "texts": {
            "type": "array",
            "items": _item(limits),
            "minItems": 1,
            "maxItems": limits.texts,
            "description": f"In place of text: at most {limits.texts} texts, each a string or an object with text and "
            "id. A list is answered by a list.",
        }
    }


def _fields(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_FILE = {"type": "string", "format": "binary"}


def _form(**files: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": files}


_REF = {name: {"$ref": f"#/components/schemas/{name}"} for name in ("Result", "Results", "Comparison", "Tokens")}


def _post(
    summary: str,
    answer: dict[str, Any] | None,
    request: dict[str, Any],
    form: dict[str, Any],
    takes_bytes: bool = True,
) -> dict[str, Any]:
    """An address that takes texts; ``answer`` is the schema of its record, None for a page."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    page = {"text/html": {"schema": {"type": "string"}}, "application/pdf": {"schema": _FILE}}
    content = {"application/json": {"schema": request}, "multipart/form-data": {"schema": form}}
    if takes_bytes:
        content["application/octet-stream"] = {"schema": _FILE}
    return {
        "post": {
            "summary": summary,
            "security": [{}, {"token": []}],
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": {
                    "description": "The page." if answer is None else "The record.",
                    "content": page if answer is None else {"application/json": {"schema": answer}},
                }
            }
            | {status: {"description": says, "content": error} for status, says in ERRORS.items()},
        }
    }
