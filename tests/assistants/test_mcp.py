"""The tools as a real client of the SDK meets them, in this process and over standard input and output."""

import json
import sys
from pathlib import Path

import anyio
import pytest

pytest.importorskip("mcp", reason="assistants need pip install 'detect-text[mcp]'")

from mcp import Client, StdioServerParameters

import detector
from detector import Detector, ModelError
from detector.assistants.server import server_of
from detector.report.comparison_record import comparison_record
from detector.report.tokens.scores import to_record
from detector.scoring import score_texts
from tests.conftest import TRAINING_TEXT, make_classifier

ROOT = Path(detector.__file__).parents[1]
LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


@pytest.fixture(scope="module")
def judge(tiny):
    return Detector(tiny, make_classifier(tiny))


def ask(server, *questions):
    """The answers, and the client's view of the tools."""

    async def talk():
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, given) for name, given in questions]

    return anyio.run(talk)


def record(answer):
    assert not answer.is_error, answer.content
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content


def through_json(value):
    return json.loads(json.dumps(value))


def test_the_tools_give_the_records_of_the_commands(judge, tiny):
    tools, answers = ask(
        server_of(lambda: judge),
        ("detect_text", {"text": LONG, "id": "mine"}),
        ("score_tokens", {"text": LONG, "top": 1}),
        ("compare_texts", {"first": LONG, "second": LONG[50:]}),
    )
    assert {tool.name for tool in tools} == {"detect_text", "score_tokens", "compare_texts"}
    assert all(tool.description and tool.annotations.read_only_hint for tool in tools)
    verdict, tokens, both = map(record, answers)
    assert verdict == through_json(judge.detect(LONG, id="mine").to_dict())
    (scores,) = score_texts(tiny, [LONG], top_k=1)
    assert tokens == through_json(to_record(scores, LONG, tiny))
    assert both == through_json(comparison_record(*judge.detect_many([LONG, LONG[50:]])))


def test_what_cannot_be_answered_is_an_answer_that_says_so(judge):
    _, answers = ask(
        server_of(lambda: judge),
        ("score_tokens", {"text": " "}),
        ("score_tokens", {"text": LONG, "top": 99}),
        ("detect_text", {"text": "x" * 400_001}),
        ("detect_text", {"text": "Too short."}),
    )
    assert [answer.is_error for answer in answers] == [True, True, True, False]
    assert "There is no text" in answers[0].content[0].text
    assert "from 0 to 20" in answers[1].content[0].text
    assert "400,001 characters" in answers[2].content[0].text
    assert answers[3].structured_content["reason"] == "too_short"


def test_a_model_that_is_missing_is_told_to_whoever_asks():
    def load():
        raise ModelError("There is no such model.")

    _, (answer,) = ask(server_of(load), ("detect_text", {"text": LONG}))
    assert answer.is_error
    assert "There is no such model." in answer.content[0].text


def test_the_command_speaks_the_protocol(tiny_folder, tiny_calibration):
    options = ["--model", tiny_folder, "--device", "cpu", "--dtype", "float32", "--calibration", tiny_calibration]
    command = StdioServerParameters(
        command=sys.executable, args=[str(ROOT / "cli.py"), "mcp", *map(str, options)], cwd=str(ROOT)
    )
    _, (answer,) = ask(command, ("detect_text", {"text": LONG}))
    assert record(answer)["verdict"] == "machine"
