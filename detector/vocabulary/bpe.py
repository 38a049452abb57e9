"""Byte-pair encoding step by step, so that one can see what every merge makes on the way.

The definition: of all neighbouring pairs of symbols, the one whose merge has the lowest rank is merged,
at the leftmost place where it stands; and again, until no pair has a merge. Libraries give the last state
only. Not done here: dropout.
"""

import heapq
from dataclasses import dataclass
from functools import cached_property

from detector.vocabulary.tokenizer_parts import TokenizerParts


@dataclass(frozen=True)
class Trace:
    """What became of one word."""

    ids: tuple[int, ...]
    """The tokens left standing, in order."""
    produced: tuple[int, ...]
    """Every token that stood at some time: first the symbols of the word, then the product of each merge."""


@dataclass(frozen=True, eq=False)
class Merges:
    """A BPE vocabulary with its merges."""

    id_of: dict[str, int]
    merges: dict[tuple[int, int], tuple[int, int]]
    """(left id, right id) -> (rank, id of the product)."""
    byte_fallback: bool = False
    unknown_id: int | None = None
    takes_known_words_whole: bool = False
    """A word that is itself in the vocabulary is not divided, whatever the merges (``ignore_merges``)."""
    inner_prefix: str = ""
    """Put before every symbol but a word's first."""
    last_suffix: str = ""
    """Put after a word's last symbol."""

    @classmethod
    def of(cls, parts: TokenizerParts) -> "Merges | None":
        """The merges of a tokenizer, or None for one that has none."""
        if parts.merges is None:
            return None
        model = parts.tokenizer.model
        id_of = {piece: i for i, piece in enumerate(parts.pieces) if piece is not None}
        prefix = model.continuing_subword_prefix or ""
        merges: dict[tuple[int, int], tuple[int, int]] = {}
        for rank, (left, right) in enumerate(parts.merges):
            merges[id_of[left], id_of[right]] = (rank, id_of[left + right.removeprefix(prefix)])
        return cls(
            id_of=id_of,
            merges=merges,
            byte_fallback=parts.byte_fallback,
            unknown_id=id_of.get(model.unk_token) if model.unk_token else None,
            takes_known_words_whole=model.ignore_merges,
            inner_prefix=prefix,
            last_suffix=model.end_of_word_suffix or "",
        )

    @cached_property
    def _crossed(self) -> frozenset[tuple[str, str]]:
        """Pairs of characters that some merge joins; where another pair meets, a word can be cut without loss."""
        piece_of = {i: piece for piece, i in self.id_of.items()}
        pairs = ((piece_of[left], piece_of[right].removeprefix(self.inner_prefix)) for left, right in self.merges)
        return frozenset((left[-1], right[0]) for left, right in pairs if left and right)

    def cut(self, word: str) -> list[str]:
        """The word in parts that no merge can join, so that they can be encoded one by one."""
        if self.inner_prefix or self.last_suffix or self.takes_known_words_whole or not word:
            return [word]
        borders = [i for i in range(1, len(word)) if (word[i - 1], word[i]) not in self._crossed]
        return [word[start:end] for start, end in zip([0, *borders], [*borders, len(word)], strict=True)]

    def encode(self, word: str) -> Trace:
        """Encode one word, as the pre-tokenizer delivers it.

        >>> merges = Merges({"a": 0, "b": 1, "ab": 2, "aba": 3}, {(0, 1): (0, 2), (2, 0): (1, 3)})
        >>> merges.encode("abab")
        Trace(ids=(2, 2), produced=(0, 1, 0, 1, 2, 2))
        """
        if self.takes_known_words_whole and word in self.id_of:
            return Trace((self.id_of[word],), (self.id_of[word],))
        symbols: list[int | None] = [*self._symbols(word)]
        produced = [symbol for symbol in symbols if symbol is not None]
        after = [*range(1, len(symbols)), -1]
        before = [*range(-1, len(symbols) - 1)]
        queue: list[tuple[int, int, int, int]] = []  # rank, place, left id, right id

        def offer(place: int) -> None:
            if place >= 0 and after[place] >= 0:
                left, right = symbols[place], symbols[after[place]]
                if left is not None and right is not None and (found := self.merges.get((left, right))):
                    heapq.heappush(queue, (found[0], place, left, right))

        for place in range(len(symbols)):
            offer(place)
        while queue:
            _, place, left, right = heapq.heappop(queue)
            follower = after[place]
            # subtle: an entry is stale when either symbol has been merged away since it was offered.
            if symbols[place] != left or follower < 0 or symbols[follower] != right:
                continue
            product = self.merges[left, right][1]
            symbols[place], symbols[follower] = product, None
            after[place] = after[follower]
            if after[place] >= 0:
                before[after[place]] = place
            produced.append(product)
            offer(before[place])
            offer(place)
        return Trace(tuple(symbol for symbol in symbols if symbol is not None), tuple(produced))

    def _symbols(self, word: str) -> list[int]:
        found: list[int] = []
        for i, character in enumerate(word):
            symbol = (self.inner_prefix if i else "") + character + (self.last_suffix if i == len(word) - 1 else "")
            if symbol in self.id_of:
                found.append(self.id_of[symbol])
                continue
            pieces = [f"<0x{byte:02X}>" for byte in character.encode()]
            if self.byte_fallback and all(piece in self.id_of for piece in pieces):
                found += [self.id_of[piece] for piece in pieces]
            elif self.unknown_id is not None:
                found.append(self.unknown_id)
        return found
