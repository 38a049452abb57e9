"""Bodies of requests → texts, within the limits. Nothing is put on disk on the way."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from detector.documents.isolated_reading import isolated_text_of
from detector.documents.reading import SourceText
from detector.errors import InputError, TooLongError
from detector.records.result import Result
from detector.web.background import in_background
from detector.web.limits import Limits
from detector.web.problems import RequestError

BODY_SECONDS = 60.0
"""A body that takes longer to arrive is given up."""

LONGEST_ID = 300
_MOST_FIELDS = 8
MULTIPART = "multipart/form-data"
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


@dataclass(frozen=True)
class Form:
    """What a page, or a program, sent as a form; files nobody chose are left out."""

    texts: Mapping[str, str]
    files: Mapping[str, list[SentFile]]
    """By field, in their order."""


async def read_form(request: Request, limits: Limits) -> Form:
    """The fields and files of a form."""
    kind = content_type(request)
    if kind not in (MULTIPART, _URLENCODED):
        raise RequestError(
            415, "wrong_content_type", f"The form was sent as {kind or 'nothing in particular'}; send {MULTIPART}."
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
                request.headers,
                stream(),
                max_files=limits.texts,
                max_fields=_MOST_FIELDS,
                max_part_size=limits.upload_bytes,
            )
        )
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError) as error:
        if "Too many files" in str(error):
            raise too_many(limits) from None
        raise _broken_form() from None
    texts: dict[str, str] = {}
    files: dict[str, list[SentFile]] = {}
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            texts[name] = value
        elif value.filename:
            files.setdefault(name, []).append(SentFile(base_name(value.filename), await value.read()))
    await form.close()
    return Form(texts, files)


def too_many(limits: Limits) -> RequestError:
    """More texts in one request than are taken."""
    return RequestError(
        413,
        "too_many_texts",
        f"At most {limits.texts} texts are taken at once. Send them in several requests, start the server with a "
        "larger --max-texts, or use detect batch.",
    )


def _broken_form() -> RequestError:
    return RequestError(
        400, "broken_form", "The form that was sent is damaged or incomplete; load the page anew and try again."
    )


async def form_text(form: Form, suffix: str, which: str, limits: Limits) -> SourceText:
    """The file ``file<suffix>`` if one was chosen, else what was pasted into ``text<suffix>``."""
    if chosen := form.files.get(f"file{suffix}"):
        return await file_text(chosen[0].data, chosen[0].name, limits)
    # browsers send every line end of a text field as CR LF
    return checked(SourceText(which, None, form.texts.get(f"text{suffix}", "").replace("\r\n", "\n")), limits)


async def file_texts(files: Sequence[SentFile], limits: Limits) -> list[SourceText | Result]:
    """The texts of several files; one that cannot be taken is a result without a verdict, which says why.

    Raises ``RequestError`` where none can be taken.
    """
    found: list[SourceText | Result] = []
    problem = None
    for file in files:
        try:
            found.append(await file_text(file.data, file.name, limits))
        except RequestError as error:
            problem = error
            reason = {"empty_text": "empty", "too_large": "too_long"}.get(error.code, "unreadable")
            found.append(Result.unscored(reason, error.message, id=file.name))
    if problem is not None and all(isinstance(one, Result) for one in found):
        raise problem
    return found


def base_name(filename: str) -> str:
    """Without its folders; some browsers send a whole path."""
    return filename.replace("\\", "/").rpartition("/")[2][:LONGEST_ID] or "file"


async def file_text(data: bytes, name: str, limits: Limits) -> SourceText:
    """The text of a file's bytes."""
    try:
        # a long PDF, or an encoding to be guessed, can take seconds
        text, warnings = await in_background(partial(isolated_text_of, data, name, limits.reading))
    except TooLongError:
        raise _too_many_characters(f"more than {limits.characters:,}", limits) from None
    except InputError as error:
        raise RequestError(415, "unreadable_file", f"{error} You can also copy the text and paste it.") from None
    return checked(SourceText(name, None, text, warnings), limits)


def checked(source: SourceText, limits: Limits) -> SourceText:
    """The text, if it is one and within the limits; raises ``RequestError``."""
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
