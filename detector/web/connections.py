"""What a connection may do without a request: take a while to send one, and make room for others.

Whoever connects and stays silent, sends the head of a request letter by letter, or never reads the answer is cut off
after some seconds; and where all places are taken, the one that has been idle longest makes room at once. So idle
connections, however many, shut nobody out.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 100
"""Open at once; where each of them has a request under way, uvicorn answers more with 503."""
HEAD_SECONDS = 10.0
"""From the first sign of a request, or from connecting, to the end of its head."""
UNREAD_SECONDS = 30.0
"""An answer that is not read for so long is given up."""


class Connection(H11Protocol):
    """uvicorn's own, with patience that ends."""

    _waits_for_head: asyncio.TimerHandle | None = None
    _waits_for_reader: asyncio.TimerHandle | None = None
    is_given_up = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way: none has come whole, or the last has been answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Make room, and wait for a request."""
        super().connection_made(transport)
        self.connected_at = self.loop.time()
        _make_room(self)
        self._follow_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        _cancel(self._waits_for_head)
        _cancel(self._waits_for_reader)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A head that has begun must end in time, however often a little of it comes."""
        super().data_received(data)
        self._follow_head()

    def pause_writing(self) -> None:
        """The other side does not read as fast as is written."""
        super().pause_writing()
        _cancel(self._waits_for_reader)
        self._waits_for_reader = self.loop.call_later(UNREAD_SECONDS, self.give_up)

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        _cancel(self._waits_for_reader)

    def give_up(self) -> None:
        """End it at once; what was not sent yet is dropped."""
        self.is_given_up = True
        self.transport.abort()

    def _follow_head(self) -> None:
        if not self.is_idle:
            _cancel(self._waits_for_head)
            self._waits_for_head = None
        elif self._waits_for_head is None:
            self._waits_for_head = self.loop.call_later(HEAD_SECONDS, self.give_up)


def _make_room(newcomer: Connection) -> None:
    """Where the newcomer takes the last place, the connection that has been idle longest makes room."""
    others = [each for each in newcomer.connections if isinstance(each, Connection) and each is not newcomer]
    others = [each for each in others if not each.is_given_up]
    idle = [each for each in others if each.is_idle]
    if len(others) + 1 >= MOST_CONNECTIONS and idle:
        min(idle, key=lambda each: each.connected_at).give_up()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
