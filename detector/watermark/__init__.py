"""Watermarks: marking text while it is drawn, and testing text for a mark, given the key."""

from detector.watermark.green_list import GreenList, GreenListResult, detect_green_list

__all__ = ["GreenList", "GreenListResult", "detect_green_list"]
