"""Bodies of requests → texts, within the limits. Nothing is put on disk on the way."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from detector.documents.isolated_reading import isolated_text_of
from detector.documents.reading import SourceText
from detector.errors import InputError, TooLongError
from detector.web.background import in_background
from detector.web.limits import Limits
from detector.web.problems import RequestError

BODY_SECONDS = 60.0
"""A body that takes longer to arrive is given up."""

_LONGEST_ID = 300
_MOST_FIELDS = 8
_JSON = "application/json"
_BYTES = "application/octet-stream"
_MULTIPART = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"


class _MultiPartInMemory(MultiPartParser):
    """Never rolls an upload over to a temporary file."""

    spool_max_size = 0


def content_type(request: Request) -> str:
    """Without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body; raises ``RequestError`` where it is too large or too slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.upload_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.upload_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        raise RequestError(
            408, "too_slow", f"The request took longer than {BODY_SECONDS:.0f} seconds to arrive; send it again."
        ) from None
    except ClientDisconnect:
        raise RequestError(400, "disconnected", "The connection ended before the whole request was there.") from None
    return bytes(body)


def _too_large(limits: Limits) -> RequestError:
    return RequestError(
        413,
        "too_large",
        f"The upload is larger than {limits.upload_megabytes:g} MB, the most that is taken. Send a part of the text, "
        "or start the server with a larger --max-megabytes.",
    )


@dataclass(frozen=True)
class SentFile:
    """A file of a form."""

    name: str
    data: bytes


async def read_form(request: Request, limits: Limits) -> dict[str, str | SentFile]:
    """The fields of a form that a page sent; files nobody chose are left out."""
    kind = content_type(request)
    if kind not in (_MULTIPART, _URLENCODED):
        raise RequestError(
            415, "wrong_content_type", f"The form was sent as {kind or 'nothing in particular'}; send {_MULTIPART}."
        )
    body = await read_body(request, limits)
    if kind == _URLENCODED and body.count(b"&") > _MOST_FIELDS:
        raise _broken_form()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    try:
        parser = (
            FormParser(request.headers, stream())
            if kind == _URLENCODED
            else _MultiPartInMemory(
                request.headers, stream(), max_files=2, max_fields=_MOST_FIELDS, max_part_size=limits.upload_bytes
            )
        )
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError):
        raise _broken_form() from None
    fields: dict[str, str | SentFile] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                fields[name] = SentFile(_base_name(value.filename), await value.read())
        else:
            fields[name] = value
    await form.close()
    return fields


def _broken_form() -> RequestError:
    return RequestError(
        400, "broken_form", "The form that was sent is damaged or incomplete; load the page anew and try again."
    )


async def form_text(form: Mapping[str, str | SentFile], suffix: str, which: str, limits: Limits) -> SourceText:
    """The file ``file<suffix>`` if one was chosen, else what was pasted into ``text<suffix>``."""
    file, pasted = form.get(f"file{suffix}"), form.get(f"text{suffix}")
    if isinstance(file, SentFile):
        return await file_text(file.data, file.name, limits)
    # browsers send every line end of a text field as CR LF
    text = pasted.replace("\r\n", "\n") if isinstance(pasted, str) else ""
    return _checked(SourceText(which, None, text), limits)


def _base_name(filename: str) -> str:
    """Some browsers send a whole path."""
    return filename.replace("\\", "/").rpartition("/")[2][:_LONGEST_ID] or "file"


async def file_text(data: bytes, name: str, limits: Limits) -> SourceText:
    """The text of a file's bytes."""
    try:
        # a long PDF, or an encoding to be guessed, can take seconds
        text, warnings = await in_background(partial(isolated_text_of, data, name, limits.reading))
    except TooLongError:
        raise _too_many_characters(f"more than {limits.characters:,}", limits) from None
    except InputError as error:
        raise RequestError(415, "unreadable_file", f"{error} You can also copy the text and paste it.") from None
    return _checked(SourceText(name, None, text, warnings), limits)


async def api_fields(request: Request, limits: Limits, allowed: Mapping[str, type]) -> dict[str, Any]:
    """The fields of a JSON body, or the bytes of a file as ``source``; ``text`` or ``source`` is always there."""
    kind = content_type(request)
    if kind == _BYTES:
        name = _base_name(request.query_params.get("id", "file"))
        return {"source": await file_text(await read_body(request, limits), name, limits)}
    if kind != _JSON:
        raise RequestError(
            415,
            "wrong_content_type",
            f"The content type is {kind or 'missing'}; send JSON as {_JSON}, or the bytes of a file as {_BYTES}. "
            "/api shows examples.",
        )
    fields = _json_object(await read_body(request, limits))
    _check_types(fields, allowed)
    text = fields.pop("text")
    return fields | {"source": _checked(SourceText(fields.pop("id", "text"), None, text), limits)}


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


def _check_types(fields: dict[str, Any], allowed: Mapping[str, type]) -> None:
    names = {str: "a string", int: "a whole number"}
    listed = ", ".join(f"{name} ({names[kind]})" for name, kind in allowed.items())
    if unknown := sorted(set(fields) - set(allowed)):
        raise RequestError(422, "wrong_fields", f"The field {unknown[0][:50]!r} is not known; allowed are {listed}.")
    if "text" not in fields:
        raise RequestError(422, "wrong_fields", f"The field text is missing; allowed are {listed}.")
    for name, value in fields.items():
        if type(value) is not allowed[name]:
            raise RequestError(422, "wrong_fields", f"The field {name} must be {names[allowed[name]]}.")
    if len(fields.get("id", "")) > _LONGEST_ID:
        raise RequestError(422, "wrong_fields", f"The field id is longer than {_LONGEST_ID} characters.")


def _checked(source: SourceText, limits: Limits) -> SourceText:
    if not source.text.strip():
        raise RequestError(422, "empty_text", "There is no text. Paste one, or choose a file that holds one.")
    if len(source.text) > limits.characters:
        raise _too_many_characters(f"{len(source.text):,}", limits)
    try:
        (source.id + source.text).encode("utf-8")
    except UnicodeEncodeError:
        raise RequestError(
            422, "broken_text", "The text holds half of a surrogate pair, which is no character; send it without."
        ) from None
    return source


def _too_many_characters(number: str, limits: Limits) -> RequestError:
    return RequestError(
        413,
        "too_large",
        f"The text has {number} characters and at most {limits.characters:,} are taken. Send a part of it, or start "
        "the server with a larger --max-characters.",
    )
