"""Every error this tool raises on purpose. The message is written for the person at the keyboard.

DetectorError                 base; its ``exit_code`` is what the command line returns
├── UsageError                an option has a value that is not allowed  (exit 2)
├── InputError                an input cannot be read or used            (exit 3)
│   └── TooLongError          a text is longer than is judged at once    (exit 3)
├── ModelError                a model or a resource is missing or broken (exit 4)
├── CalibrationError          a verdict is asked for that no calibration supports (exit 4)
└── OutputError               results cannot be written                  (exit 4)
"""


class DetectorWarning(UserWarning):
    """Something the user should know, though the result is right."""


class DetectorNotice(DetectorWarning):
    """Something that is done once and takes a while; nothing is amiss."""


class DetectorError(Exception):
    """A problem the user can mend; the message says how."""

    exit_code = 1


class UsageError(DetectorError):
    """An option has a value that is not allowed."""

    exit_code = 2


class InputError(DetectorError):
    """An input cannot be read, decoded or used."""

    exit_code = 3


class TooLongError(InputError):
    """A text is longer than is judged at once."""


class ModelError(DetectorError):
    """A language model or another resource is missing, broken or unsuitable."""

    exit_code = 4


class CalibrationError(DetectorError):
    """A verdict is asked for that the calibration at hand does not support."""

    exit_code = 4


class OutputError(DetectorError):
    """Results cannot be written."""

    exit_code = 4
