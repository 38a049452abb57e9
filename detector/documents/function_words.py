"""The commonest words of English, by which a text shows its language and a disguised word what it was."""

# About two words in five of any prose, whatever its subject; texts in other languages share a handful with it by
# accident.
FUNCTION_WORDS = frozenset(
    """
    the of and to a in that is was it for on with as he be at by i this had not are but from or have
    an they which one you were all her she there would their we him been has when who will no more
    if out so up said what its about than into them can only other time new some could these two may
    first then do any like my now over such our man me even most made after also did many your
    because how very just should those where too between before through while being
    """.split()  # noqa: SIM905 - a list of a hundred lines is no easier to read
)

_FUNCTION_NAMES = frozenset(
    """
    sin cos tan cot sec csc sinh cosh tanh log ln lg exp min max lim sup inf det dim ker gcd lcm arg deg tr rank curl
    grad div var cov ran diag span proj hom
    """.split()  # noqa: SIM905
)


def is_function(name: str) -> bool:
    """Whether it is the name of a function of mathematics, such as ``sin``."""
    return name.lower() in _FUNCTION_NAMES
