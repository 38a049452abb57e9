"""Names for the texts of a set: as short as tells them apart, as shown and as names of files."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

_UNSAFE = re.compile(r"[^\w.-]+")
_MOST_BYTES = 120
"""Of a name in UTF-8; file systems take 255, and the names of pictures are longer."""


def distinct_names(paths: Sequence[str]) -> list[str]:
    """The name of each file, with as many of the folders around it as tell those of one name apart.

    Handed in are often folders by writer with files of one name. What is the same path twice has one name twice.

    >>> distinct_names(["ann/essay.txt", "bob/essay.txt", "bob/notes.txt"])
    ['ann/essay.txt', 'bob/essay.txt', 'notes.txt']
    """
    parts_of = {path: PurePath(path).parts or (path,) for path in paths}
    taken = dict.fromkeys(parts_of, 1)
    while True:
        names = {path: PurePath(*parts[-taken[path] :]).as_posix() for path, parts in parts_of.items()}
        often = Counter(names.values())
        longer = {path: min(len(parts), taken[path] + (often[names[path]] > 1)) for path, parts in parts_of.items()}
        if longer == taken:
            return [names[path] for path in paths]
        taken = longer


def file_stem(name: str) -> str:
    """A name for a page that tells what ``name`` does, in letters of any script and nothing that acts.

    >>> file_stem("ann/My \u00c9ssay (2).txt"), file_stem("..")
    ('ann-My-Éssay-2', 'text')
    """
    plain = unicodedata.normalize("NFC", name)
    stem = str(PurePath(plain).with_suffix("")) if PurePath(plain).name.strip(".") else ""
    cut = _UNSAFE.sub("-", stem).strip("-.").encode()[:_MOST_BYTES].decode(errors="ignore")
    return cut.rstrip("-.") or "text"
