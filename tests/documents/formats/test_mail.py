"""E-mail."""

from email.message import EmailMessage

import pytest

from detector import InputError
from detector.documents.reading import text_of
from tests.documents.real_programs import ESSAY

LETTER = f"Dear Ann,\n\n{ESSAY[0]}\n\nYours, Bo\n"


def mail(text=LETTER, html=None, attached=()):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Bo <bo@example.org>", "ann@example.org", "Bees \u2013 again"
    message["MIME-Version"] = "1.0"
    if text is not None:
        message.set_content(text, charset="utf-8", cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html") if text is not None else message.set_content(html, subtype="html")
    for name in attached:
        message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


@pytest.mark.parametrize("name", ["letter.eml", "letter", "standard input"])
def test_the_text_without_headers(name):
    text, (warning,) = text_of(mail(), name)
    assert text == LETTER.strip()
    assert "e-mail; its headers were left out" in warning


def test_the_plain_part_is_taken_and_else_the_page():
    assert text_of(mail(html="<p>Other</p>"), "m")[0] == LETTER.strip()
    assert text_of(mail(None, "<p>Dear Ann,<p>it rains."), "m")[0] == "Dear Ann,\n\nit rains."


def test_quoted_lines_and_the_signature_are_left_out_and_said():
    reply = LETTER + "\nOn Monday, 3 May, Ann Smith wrote:\n> Do the bees speak?\n> Ann\n\n-- \nBo Brown\nBee Ltd\n"
    text, (warning,) = text_of(mail(reply), "m")
    assert text == LETTER.strip()
    assert "headers, the signature and quoted lines" in warning


def test_flowed_lines_are_joined():
    data = (
        b"Message-ID: <1@x>\r\nContent-Type: text/plain; format=flowed\r\n\r\nIt rained \r\nall day.\r\nThen not.\r\n"
    )
    assert text_of(data, "m")[0] == "It rained all day.\nThen not."


def test_attachments_are_named():
    _, (attached, _) = text_of(mail(attached=["plan.pdf"]), "m")
    assert attached == "1 attachment (plan.pdf) not read."


@pytest.mark.parametrize("text", ["From: me\nTo: you\n\nHello.", "Note: it rained.\n\nThen it snowed."])
def test_a_letter_that_was_only_typed_is_text(text):
    assert text_of(text.encode(), "letter.txt") == (text, ())


def test_a_mailbox_points_to_batch():
    box = b"From bo@x Mon May  3 10:00:00 2021\n" + mail() + b"\nFrom bo@x Tue May  4 10:00:00 2021\n" + mail()
    with pytest.raises(InputError, match=r"mailbox of 2 messages.*detect batch"):
        text_of(box, "box.mbox")
