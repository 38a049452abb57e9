"""A set of texts: one report each, and an index that sorts but ranks nobody.

The index groups by what can be said, in the order the files were given, and never by how machine-like a
text is. ``anonymous`` replaces every name by a number, in pages and in file names alike. The index names the
files of its run, so that the next run into the same folder can take away those it does not write again.
"""

import csv
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from markupsafe import Markup

from detector.errors import OutputError, UsageError
from detector.progress import OnProgress, unwatched
from detector.records.result import Evidence, Result
from detector.records.verdicts import Verdict
from detector.report.evidence_pictures import all_pictures
from detector.report.evidence_summaries import sentence_bits, sentence_evidence
from detector.report.lettering import escaped, shortened
from detector.report.output_files import check_folder, check_writable
from detector.report.page import Links, drawn, name_of, render, report_page, today, without_names
from detector.report.parts import parts_of, shares_in_short
from detector.report.picture_files import save_picture
from detector.report.picture_parts import Bars, DataTable, Picture, Role
from detector.report.small_svg import small_evidence
from detector.report.visible import plain_visible
from detector.report.wording import HEADLINES
from detector.verdict.classifier import Classifier

INDEX = "index.html"
_NUMBERED = re.compile(r"text-\d+.*|index\.html")
_FILES = re.compile(r'<meta name="detect-files" content="([\w. -]*)">', re.ASCII)
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_FILE_NAME = 60
_LONGEST_HEADING = 60
_ORDER: tuple[Verdict, ...] = ("inconclusive", "human", "mixed", "machine", "unscored")


@dataclass(frozen=True)
class Entry:
    """One text of the set."""

    number: int
    name: str
    address: str
    """Of its page, beside the index."""
    result: Result


def write_set(
    results: Iterable[Result],
    out: Path,
    anonymous: bool = False,
    picture_format: str | None = None,
    on_progress: OnProgress = unwatched,
) -> list[Entry]:
    """Write a page for each result as it comes, then the index; ``on_progress`` is told the pages written.

    ``picture_format`` (png or svg) asks for every picture as a file beside its page. Raises what
    ``prepare_folder`` does.
    """
    prepare_folder(out, anonymous, picture_format)
    former = _files_of(out / INDEX)
    date, written, files = today(), [], []
    for entry in entries_of(results, anonymous):
        (out / entry.address).write_text(
            report_page(entry.result, name=entry.name, date=date, links=[("All texts", INDEX)]), encoding="utf-8"
        )
        files.append(entry.address)
        for picture in all_pictures(entry.result) if picture_format else ():
            path = out / f"{Path(entry.address).stem}-{picture.name}.{picture_format}"
            save_picture(picture, path, f"{picture.title}: {_letters(entry.name)}")
            files.append(path.name)
        written.append(entry)
        on_progress(len(written), None)
    (out / INDEX).write_text(index_page(written, anonymous, date, files), encoding="utf-8")
    kept = {name.casefold() for name in [*files, INDEX]}
    for name in former:
        if name.casefold() not in kept:
            (out / name).unlink(missing_ok=True)
    return written


def prepare_folder(out: Path, anonymous: bool = False, picture_format: str | None = None) -> None:
    """Make the folder of a set.

    Raises ``UsageError`` for a picture format other than png and svg, and for hidden names beside files that may
    tell them; ``OutputError`` for a folder that cannot be made or written into.
    """
    if picture_format not in (None, "png", "svg"):
        raise UsageError(f"Pictures are written as png or svg, and not as {picture_format!r}.")
    check_folder(out)
    if anonymous and (named := sorted(path.name for path in out.iterdir() if not _NUMBERED.fullmatch(path.name))):
        raise UsageError(
            f"{out} holds other files, which may name people ({shortened(escaped(named[0]), _LONGEST_HEADING)} ...). "
            "Name an empty folder with --out."
        )


def _files_of(index: Path) -> list[str]:
    """Pages and pictures that a former run wrote beside its index; none where there is no such index."""
    try:
        listed = _FILES.search(index.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
    names = listed.group(1).split() if listed else []
    return [name for name in names if name.endswith((".html", ".png", ".svg")) and (index.parent / name).is_file()]


def drawn_order(paths: Sequence[str]) -> list[str]:
    """The paths in an order drawn by lot, so that a list of names does not tell which number is whose.

    Under SOURCE_DATE_EPOCH, which asks for the same pages every time, it is the order given.
    """
    order = list(paths)
    if not os.environ.get("SOURCE_DATE_EPOCH"):
        secrets.SystemRandom().shuffle(order)
    return order


def write_key(paths: Sequence[str], key: Path, out: Path) -> None:
    """Write which number of an anonymous set stands for which file, as CSV.

    Raises what ``check_key`` does.
    """
    check_key(key, out)
    try:
        with key.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            csv.writer(file).writerows([("text", "file"), *enumerate(paths, start=1)])
    except OSError as error:
        raise OutputError(f"The key {key} cannot be written: {error.strerror}. Name another --key.") from error


def check_key(key: Path, out: Path) -> None:
    """Raise ``UsageError`` where the key would lie among the pages, ``OutputError`` where it cannot be written."""
    if key.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"The key {key} would lie among the pages of {out} and tell the names. Name another --key.")
    check_writable(key)


def entries_of(results: Iterable[Result], anonymous: bool) -> Iterator[Entry]:
    """Names and addresses, each address once; under ``anonymous`` neither tells anything."""
    taken = {INDEX}
    for number, result in enumerate(results, start=1):
        name = f"Text {number}" if anonymous else name_of(result)
        stem = f"text-{number:03d}" if anonymous else _stem(name)
        address, copy = f"{stem}.html", 2
        while address.casefold() in taken:
            address, copy = f"{stem}-{copy}.html", copy + 1
        taken.add(address.casefold())
        yield Entry(number, plain_visible(name), address, without_names(result) if anonymous else result)


def index_page(
    entries: Sequence[Entry],
    anonymous: bool,
    date: datetime | None = None,
    files: Sequence[str] = (),
    links: Links = (),
) -> str:
    """The index as a complete HTML document; ``files`` are the pages and pictures of its run, ``links`` for its top."""
    scored = [entry for entry in entries if entry.result.score is not None]
    classifier = next((e.result.classifier for e in scored if e.result.classifier is not None), None)
    counts = {verdict: sum(e.result.verdict == verdict for e in entries) for verdict in _ORDER}
    return render(
        "class_set.html",
        entries=[_row(entry) for entry in entries],
        counts=[(HEADLINES[verdict], n) for verdict, n in counts.items() if n],
        multiples=[
            {"entry": e, "curve": _small_evidence(e.result.evidence), "headline": HEADLINES[e.result.verdict]}
            for e in scored
            if e.result.evidence is not None
        ],
        scores=drawn(score_distribution([e.result.score for e in scored], classifier))  # type: ignore[misc]
        if classifier is not None and scored
        else None,
        expected=_expected(scored),
        anonymous=anonymous,
        files=" ".join(files),
        date=(date or today()).strftime("%-d %B %Y"),
        links=links,
    )


def score_distribution(scores: Sequence[float], classifier: Classifier) -> Picture:
    """All scores of the set as a histogram on the reference texts of all lengths."""
    human = np.concatenate([bucket.human_scores for bucket in classifier.buckets])
    machine = np.concatenate([bucket.machine_scores for bucket in classifier.buckets])
    values = np.asarray(scores, dtype=np.float64)
    low = float(np.floor(min(np.quantile(human, 0.001), values.min())))
    high = float(np.ceil(max(np.quantile(machine, 0.999), values.max())))
    edges = np.linspace(low, high, 25)
    shares = [np.histogram(np.clip(side, low, high), edges)[0] / len(side) for side in (human, machine, values)]
    roles: list[tuple[Role, str]] = [
        ("human", "human reference texts"),
        ("machine", "machine reference texts"),
        ("text", "this set"),
    ]
    inset = (edges[1] - edges[0]) * 0.2
    layers = [
        Bars(
            edges[:-1] + (inset if role == "text" else 0), edges[1:] - (inset if role == "text" else 0), s, role, label
        )
        for (role, label), s in zip(roles, shares, strict=True)
    ]
    rows = [
        (f"{a:.1f} to {b:.1f}", f"{round(t * len(values))}", f"{h:.1%}", f"{m:.1%}")
        for a, b, h, m, t in zip(edges, edges[1:], *shares, strict=False)
    ]
    return Picture(
        "scores",
        "Where the scores of the set lie",
        f"{len(values)} scores beside those of {len(human):,} human and {len(machine):,} machine reference texts and "
        "beginnings of texts, of all lengths. In a large set a score far to the right comes about by chance now and "
        "then.",
        "score (higher = more like machine text)",
        "share of texts",
        (low, high),
        (0, float(np.ceil(max(s.max() for s in shares) * 20) / 20)),
        (layers[2], layers[0], layers[1]),
        DataTable(("score", "texts of this set", "human references", "machine references"), rows),
        is_wide=True,
    )


def _small_evidence(evidence: Evidence) -> Markup:
    spans = sentence_bits(evidence)
    sums = sentence_evidence(evidence).tolist()
    return small_evidence([(a, b, nats) for (a, b, _), nats in zip(spans, sums, strict=True)])


def _row(entry: Entry) -> dict[str, object]:
    result = entry.result
    return {
        "number": entry.number,
        "name": entry.name,
        "address": entry.address,
        "headline": HEADLINES[result.verdict],
        "verdict": result.verdict,
        "reason": plain_visible(result.explanation) if result.verdict == "unscored" else "",
        "words": result.n_words,
        "p_value": "" if result.p_value is None else f"{result.p_value:.4f}",
        "human_p_value": "" if result.human_p_value is None else f"{result.human_p_value:.4f}",
        "parts": shares_in_short(parts_of(result)),
        "findings": len(result.findings),
    }


def _expected(scored: Sequence[Entry]) -> str:
    """How many false alarms chance alone brings to a set of this size."""
    rate = next((e.result.target_fpr for e in scored if e.result.target_fpr is not None), None)
    if rate is None:
        return ""
    expected = rate * len(scored)
    about = f"about {expected:.1f} of them" if expected >= 0.1 else "hardly one of them"
    return (
        f"If people wrote all {len(scored)} texts themselves, {about} would still be called "
        f"machine text at a false-alarm rate of {rate:.2g}; the chance of at least one is "
        f"{1 - (1 - rate) ** len(scored):.0%}."
    )


def _letters(name: str) -> str:
    return shortened(escaped(name), _LONGEST_HEADING)


def _stem(name: str) -> str:
    return _UNSAFE.sub("-", Path(name).stem).strip("-.")[:_LONGEST_FILE_NAME] or "text"
