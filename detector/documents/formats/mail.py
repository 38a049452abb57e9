"""E-mail (.eml): the text of the message, without what it quotes and without its signature."""

import re
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

from detector.documents.decoding import decode
from detector.documents.formats.prose import PARAGRAPH
from detector.documents.formats.web_page import decode_markup, visible_text
from detector.errors import InputError

_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*")
_OF_MAIL = re.compile(rb"^(?:message-id|mime-version|received|return-path|delivered-to):", re.IGNORECASE | re.MULTILINE)
_MAILBOX = re.compile(rb"^From \S+.*\d{4}\r?$", re.MULTILINE)

_QUOTED = re.compile(r"^[ \t]*>.*(?:\n|\Z)", re.MULTILINE)
_WHO_WROTE = re.compile(
    r"^[ \t]*(?:On [^\n]{5,200}(?:\n[^\n]{0,100})? wrote:|Am [^\n]{5,200} schrieb [^\n]{1,200}:)[ \t]*(?=\n|\Z)",
    re.MULTILINE,
)
_FORWARDED = re.compile(
    r"^[ \t]*(?:-{3,} ?(?:Original|Forwarded) [Mm]essage ?-{3,}|_{20,}\nFrom: )[\s\S]*\Z", re.MULTILINE
)
_SIGNATURE = re.compile(r"^-- ?\n[\s\S]*\Z", re.MULTILINE)


def is_mail(data: bytes) -> bool:
    """Whether bytes begin with the headers of a message, as no letter that was only typed does."""
    at = 0
    while header := _HEADER.match(data, at):
        at = header.end()
    return bool(_OF_MAIL.search(data[:at])) and data[at : at + 2].lstrip(b"\r")[:1] in (b"\n", b"")


def mails_in(data: bytes) -> int:
    """How many messages a mailbox holds; 0 if it is none."""
    return len(_MAILBOX.findall(data)) if _MAILBOX.match(data) else 0


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    try:
        message = message_from_bytes(data, policy=default)
        assert isinstance(message, EmailMessage)  # noqa: S101 - so the policy has it
        body = message.get_body(("plain", "html"))
        attached = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    except (ValueError, LookupError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise InputError(f"{name} is an e-mail that is damaged ({error}). Save the text alone and try again.") from None
    doubts: list[str] = []
    text = ""
    if body is not None:
        text, doubts = _body(body, name)
    kept, left_out = _own_words(text)
    first = ", ".join(["its headers", *left_out[:-1]])
    said = f"The text was taken from an e-mail; {' and '.join([first, *left_out[-1:]])}"
    said += " were left out, so places refer to the text as it was read."
    if attached:
        count = "1 attachment" if len(attached) == 1 else f"{len(attached):,} attachments"
        doubts.append(f"{count} ({', '.join(attached[:3])}{' and others' if len(attached) > 3 else ''}) not read.")
    return kept.strip(), (*doubts, said)


def _body(body: MIMEPart, name: str) -> tuple[str, list[str]]:
    payload = body.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = body.get_content_charset()
    if body.get_content_subtype() == "html":
        markup, doubts = decode_markup(data, name)
        return visible_text(markup), list(doubts)
    try:
        text = data.decode(charset or "utf-8")
        said: tuple[str, ...] = ()
    except (UnicodeDecodeError, LookupError):
        text, said = decode(data, name)
    text = text.replace("\r\n", "\n")
    if str(body.get_param("format", "")).lower() == "flowed":
        text = _flowed(text, str(body.get_param("delsp", "")).lower() == "yes")
    return text, list(said)


def _flowed(text: str, joins: bool) -> str:
    """Lines that end in a blank go on in the next (RFC 3676); the blank too goes where it was put there for that."""
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        if goes_on and not line.startswith(">") and line != "-- ":
            lines[-1] = (lines[-1][:-1] if joins else lines[-1]) + line
        else:
            lines.append(line)
        goes_on = line.endswith(" ") and line != "-- "
    return "\n".join(lines)


def _own_words(text: str) -> tuple[str, list[str]]:
    """The words of the writer, and what was left out."""
    kept, left_out = text, []
    for what, pattern in (
        ("the signature", _SIGNATURE),
        ("a message it forwards", _FORWARDED),
        ("quoted lines", _QUOTED),
        ("quoted lines", _WHO_WROTE),
    ):
        shorter = pattern.sub("", kept)
        if shorter != kept and what not in left_out:
            left_out.append(what)
        kept = shorter
    return re.sub(r"\n{3,}", PARAGRAPH, kept), left_out
