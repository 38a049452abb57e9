"""Examples of the HTTP interface that run as they stand: for curl, for Python, and what the page itself sends."""

import json
from dataclasses import dataclass
from typing import Any

_TEXT = (
    "The boats were gone. He had counted them in the morning, seven, eight with the blue one, and now there was only "
    "the water and the noise of the harbour behind it. His sister said that boats come back. He said nothing, since "
    "she had never been in one, and went down the steps to look for the rope."
)
_OTHER = (
    "Harbours play a vital role in the life of coastal communities. They provide a safe place for boats, support local "
    "trade, and offer a space where people can come together. Furthermore, they remind us of the importance of "
    "preserving our shared heritage for the generations to come."
)


@dataclass(frozen=True)
class Example:
    """How one address is used."""

    body: dict[str, Any]
    """JSON that the page sends when it is tried there."""
    curl: tuple[str, ...]
    python: str


def examples(base: str, needs_token: bool) -> dict[str, Example]:
    """By path; ``base`` is the address of the server without a slash at its end."""
    two = {"texts": [_TEXT, {"id": "harbours", "text": _OTHER}]}
    return {
        "/api/detect": Example(
            two,
            (
                _curl_json(base, "/api/detect", {"text": _TEXT}, needs_token),
                _curl_json(base, "/api/detect", two, needs_token),
                _curl(base, "/api/detect", needs_token, "-F file=@essay.docx -F file=@letter.txt"),
                _curl(
                    base,
                    "/api/detect?id=essay.txt",
                    needs_token,
                    "-H 'Content-Type: application/octet-stream' --data-binary @essay.txt",
                ),
            ),
            _python(
                base, "/api/detect", two, needs_token, 'for result in answer["results"]:\n'
                '    print(result["id"], result["verdict"], result["p_value"])',
            ),
        ),
        "/api/compare": Example(
            {"first": _TEXT, "second": _OTHER},
            (
                _curl_json(base, "/api/compare", {"first": _TEXT, "second": _OTHER}, needs_token),
                _curl(base, "/api/compare", needs_token, "-F first=@essay.docx -F second=@letter.txt"),
            ),
            _python(
                base, "/api/compare", {"first": _TEXT, "second": _OTHER}, needs_token,
                'print(answer["first"]["verdict"], answer["second"]["verdict"])',
            ),
        ),
        "/api/report": Example(
            {"text": _TEXT},
            (
                _curl(base, "/api/report", needs_token, "-F file=@essay.docx -o report.html"),
                _curl(base, "/api/report?format=pdf", needs_token, "-F file=@essay.docx -o report.pdf"),
            ),
            _python(base, "/api/report", {"text": _TEXT}, needs_token, "print(len(answer))", is_json=False),
        ),
        "/api/score": Example(
            {"text": _TEXT, "top": 2},
            (
                _curl_json(base, "/api/score", {"text": _TEXT, "top": 2}, needs_token),
                _curl(base, "/api/score", needs_token, "-F file=@essay.txt"),
            ),
            _python(
                base, "/api/score", {"text": _TEXT, "top": 2}, needs_token,
                'print(sum(token["log_prob_nats"] or 0 for token in answer["tokens"]))',
            ),
        ),
    }  # fmt: skip


def _curl(base: str, path: str, needs_token: bool, rest: str) -> str:
    token = ' -H "Authorization: Bearer $DETECT_TOKEN"' if needs_token else ""
    return f"curl{token} '{base}{path}' \\\n  {rest}"


def _curl_json(base: str, path: str, body: dict[str, Any], needs_token: bool) -> str:
    return _curl(base, path, needs_token, f"-H 'Content-Type: application/json' \\\n  -d '{json.dumps(body)}'")


def _python(base: str, path: str, body: dict[str, Any], needs_token: bool, then: str, is_json: bool = True) -> str:
    token = '\nheaders["Authorization"] = "Bearer " + os.environ["DETECT_TOKEN"]' if needs_token else ""
    imports = "import json\n" + ("import os\n" if needs_token else "") + "from urllib.request import Request, urlopen"
    read = "json.load(response)" if is_json else "response.read()"
    return (
        f"{imports}\n\n"
        f"body = {json.dumps(body, indent=4)}\n"
        f'headers = {{"Content-Type": "application/json"}}{token}\n'
        f'request = Request("{base}{path}", json.dumps(body).encode(), headers)\n'
        f"with urlopen(request) as response:\n"
        f"    answer = {read}\n"
        f"{then}"
    )
