"""Seeds with some of their bytes changed, as a strategy of Hypothesis."""

from collections.abc import Sequence

from hypothesis import strategies as st

_EDITS = ("flip", "set", "insert", "delete", "repeat", "cut", "number")
_NUMBERS = tuple(
    value.to_bytes(size, "little")
    for size in (2, 4, 8)
    for value in (0, 1, (1 << 8 * size - 1) - 1, (1 << 8 * size) - 1)
)


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes], most_edits: int = 8) -> bytes:
    """One of ``seeds`` after up to ``most_edits`` changes."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, most_edits))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        edit = draw(st.sampled_from(_EDITS))
        if edit == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif edit == "set" and data:
            data[at] = draw(st.integers(0, 255))
        elif edit == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        elif edit == "delete":
            del data[at : at + draw(st.integers(1, 40))]
        elif edit == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 20))] * draw(st.integers(1, 50))
        elif edit == "cut":
            del data[at:]
        else:
            number = draw(st.sampled_from(_NUMBERS))
            data[at : at + len(number)] = number
    return bytes(data)
