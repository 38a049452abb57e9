"""Watermarks: marking text while it is drawn, and testing text for a mark, given the key."""

from detector.watermark.green_list import SCHEMES, GreenList, GreenListResult, detect_green_list
from detector.watermark.synthid import SynthId, SynthIdResult, detect_synthid

__all__ = ["SCHEMES", "GreenList", "GreenListResult", "SynthId", "SynthIdResult", "detect_green_list", "detect_synthid"]
