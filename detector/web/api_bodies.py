"""Bodies of API requests → texts and options: JSON of one text or a list, the bytes of a file, or files of a form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from detector.documents.reading import SourceText
from detector.records.result import Result
from detector.web.incoming import (
    LONGEST_ID,
    MULTIPART,
    base_name,
    checked,
    content_type,
    file_text,
    file_texts,
    read_body,
    read_form,
    too_many,
)
from detector.web.limits import Limits
from detector.web.problems import RequestError

_JSON = "application/json"
_BYTES = "application/octet-stream"
_TEXT = {"text": str, "id": str}
_NAMES = {str: "a string", int: "a whole number", list: "a list"}


@dataclass(frozen=True)
class Sent:
    """What a request holds."""

    texts: list[SourceText | Result]
    """A result in place of a text is a file that cannot be read, and says so."""
    is_list: bool = False
    """Whether a list was sent, so that a list is the answer."""
    options: Mapping[str, Any] = field(default_factory=dict)


async def one_text(request: Request, limits: Limits, options: Mapping[str, type] | None = None) -> Sent:
    """One text: JSON with the field ``text``, the bytes of a file, or a form with one file."""
    kind = content_type(request)
    if kind == MULTIPART:
        files = [file for files in (await read_form(request, limits)).files.values() for file in files]
        if len(files) != 1:
            raise RequestError(422, "wrong_fields", f"The form holds {len(files)} files, and one is looked at here.")
        return Sent([await file_text(files[0].data, files[0].name, limits)])
    if kind == _BYTES:
        return await _bytes(request, limits)
    fields = await _fields(request, limits)
    allowed = _TEXT | dict(options or {})
    return Sent([_text(fields, allowed, limits, "")], options={n: fields[n] for n in options or {} if n in fields})


async def one_or_more(request: Request, limits: Limits) -> Sent:
    """One text as above, or several: JSON with the field ``texts``, or a form with any number of files."""
    kind = content_type(request)
    if kind == MULTIPART:
        files = [file for files in (await read_form(request, limits)).files.values() for file in files]
        if not files:
            raise RequestError(
                422, "wrong_fields", "The form holds no file; send some, as with curl -F file=@essay.txt."
            )
        return Sent(await file_texts(files, limits), is_list=True)
    if kind == _BYTES:
        return await _bytes(request, limits)
    fields = await _fields(request, limits)
    if "texts" not in fields:
        return Sent([_text(fields, _TEXT | {"texts": list}, limits, "")])
    _check_types(fields, {"texts": list}, "")
    if not fields["texts"]:
        raise RequestError(422, "wrong_fields", "The list texts is empty; send at least one text.")
    if len(fields["texts"]) > limits.texts:
        raise too_many(limits)
    return Sent([_item(item, i, limits) for i, item in enumerate(fields["texts"])], is_list=True)


async def two_texts(request: Request, limits: Limits) -> Sent:
    """Two texts: JSON with the fields ``first`` and ``second``, or a form with two files of these names."""
    names = ("first", "second")
    if content_type(request) == MULTIPART:
        form = await read_form(request, limits)
        chosen = [form.files.get(name, []) for name in names]
        if not all(len(files) == 1 for files in chosen):
            raise RequestError(422, "wrong_fields", "The form must hold one file named first and one named second.")
        return Sent([await file_text(files[0].data, files[0].name, limits) for files in chosen])
    fields = await _fields(request, limits)
    if unknown := sorted(set(fields) - set(names)):
        raise RequestError(422, "wrong_fields", f"The field {unknown[0][:50]!r} is not known; allowed: first, second.")
    if missing := [name for name in names if name not in fields]:
        raise RequestError(422, "wrong_fields", f"The field {missing[0]} is missing; send first and second.")
    return Sent([_item(fields[name], name, limits) for name in names])


async def _bytes(request: Request, limits: Limits) -> Sent:
    name = base_name(request.query_params.get("id", "file"))
    return Sent([await file_text(await read_body(request, limits), name, limits)])


async def _fields(request: Request, limits: Limits) -> dict[str, Any]:
    kind = content_type(request)
    if kind != _JSON:
        raise RequestError(
            415,
            "wrong_content_type",
            f"The content type is {kind or 'missing'}; send JSON as {_JSON}, the bytes of a file as {_BYTES}, or files "
            f"of a form as {MULTIPART}. /api shows examples.",
        )
    return _json_object(await read_body(request, limits))


def _item(item: Any, place: int | str, limits: Limits) -> SourceText:
    """A text of a list, or one of two: a string, or an object with ``text`` and ``id``."""
    where = f" of texts[{place}]" if isinstance(place, int) else f" of {place}"
    name = f"text {place + 1}" if isinstance(place, int) else place
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, dict):
        raise RequestError(422, "wrong_fields", f"The value{where} must be a string, or an object with text and id.")
    return _text({"id": name} | item, _TEXT, limits, where)


def _text(fields: dict[str, Any], allowed: Mapping[str, type], limits: Limits, where: str) -> SourceText:
    _check_types(fields, allowed, where)
    if "text" not in fields:
        listed = _listed(allowed)
        raise RequestError(422, "wrong_fields", f"The field text{where} is missing; allowed are {listed}.")
    try:
        return checked(SourceText(fields.get("id", "text"), None, fields["text"]), limits)
    except RequestError as error:
        said = f"{where.strip().capitalize()}: {error.message}" if where else error.message
        raise RequestError(error.status, error.code, said) from None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise _broken_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _broken_json("it is not UTF-8, or nested or numbered beyond reason") from None
    if not isinstance(fields, dict):
        raise RequestError(
            422, "wrong_fields", 'The JSON body is no object; send one such as {"text": "The text to look at."}.'
        )
    return fields


def _broken_json(why: str) -> RequestError:
    return RequestError(
        400, "broken_json", f'The body is not JSON: {why}. Send an object such as {{"text": "The text to look at."}}.'
    )


def _listed(allowed: Mapping[str, type]) -> str:
    return ", ".join(f"{name} ({_NAMES[kind]})" for name, kind in allowed.items())


def _check_types(fields: Mapping[str, Any], allowed: Mapping[str, type], where: str) -> None:
    if unknown := sorted(set(fields) - set(allowed)):
        sentence = f"The field {unknown[0][:50]!r}{where} is not known; allowed are {_listed(allowed)}."
        raise RequestError(422, "wrong_fields", sentence)
    for name, value in fields.items():
        if type(value) is not allowed[name]:
            raise RequestError(422, "wrong_fields", f"The field {name}{where} must be {_NAMES[allowed[name]]}.")
    if len(fields.get("id", "")) > LONGEST_ID:
        raise RequestError(422, "wrong_fields", f"The field id{where} is longer than {LONGEST_ID} characters.")
