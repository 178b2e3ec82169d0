"""Hands the newest thing from one thread to another; what nobody fetched in time is dropped."""

import threading
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Newest(Generic[Thing]):
    """Holds at most one thing, so that a slow receiver never falls behind; counts the `dropped`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thing: Thing | None = None
        self._problem: BaseException | None = None
        self._closed = False
        self.dropped = 0

    def put(self, thing: Thing) -> bool:
        """Offer a thing in place of the one before; False says that nobody fetches any more."""
        with self._changed:
            if self._closed:
                return False
            self.dropped += self._thing is not None
            self._thing = thing
            self._changed.notify_all()
        return True

    def close(self, problem: BaseException | None = None) -> None:
        """Say that nothing more comes or is fetched; `problem` is raised to whoever waits."""
        with self._changed:
            self._closed = True
            self._problem = self._problem or problem
            self._changed.notify_all()

    def get(self) -> Thing | None:
        """Wait for the next thing; None when there will be none. Raises what ended it."""
        with self._changed:
            while self._thing is None and not self._closed:
                # In slices, so that Ctrl-C is heard on every system.
                self._changed.wait(0.2)
            thing, self._thing = self._thing, None
            if thing is None and self._problem is not None:
                raise self._problem
            return thing
