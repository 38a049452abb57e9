"""Under which addresses a server can be reached, for the sentence that it prints."""

import ipaddress
import socket
from urllib.parse import urlsplit

from detector.errors import UsageError

_ELSEWHERE = {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9, 0, 0)}
"""Addresses kept for documentation (RFC 5737, RFC 3849): nothing is sent, the system is asked for the way there."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_any(host: str) -> bool:
    """Whether ``host`` stands for all addresses of this machine."""
    return host in ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


def urls(host: str, port: int) -> list[str]:
    """For this machine first, then, where it listens on all addresses, those that others can open."""
    if not is_any(host):
        return [_url(host, port)]
    families = [socket.AF_INET] if host == "0.0.0.0" else [socket.AF_INET, socket.AF_INET6]  # noqa: S104
    found = [own_address(family) for family in families]
    return [_url("localhost", port), *(_url(address, port) for address in dict.fromkeys(found) if address)]


def name_of(url: str) -> str | None:
    """The host in a URL that others use, None for none; raises ``UsageError`` for what is no such URL."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        name = None
    if not name or parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query:
        raise UsageError(f"--public-url is {url!r}; it must be an address such as https://detect.example.org")
    return name


def own_address(family: socket.AddressFamily) -> str | None:
    """Of this machine as others see it; None where there is no way out."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect(_ELSEWHERE[family])  # of a datagram socket: no packet goes out
            address = str(asking.getsockname()[0])
    except OSError:
        return None
    return None if is_loopback(address) or is_any(address) else address


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
