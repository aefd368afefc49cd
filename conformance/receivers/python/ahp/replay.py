"""Each token once: what was used is kept in the memory of this process (spec chapter 12.2)."""

import heapq
import random
import threading
import time

from .refusal import Refusal

KEPT_AFTER_END = 60


class ReplayMemory:
    """Claims (iss, jti). It forgets at a restart, so it begins with a pause (AHP-TIME-13)."""

    def __init__(self, settings: dict, skew: int, clock=time.time, steady=time.monotonic) -> None:
        self._max_records = settings.get("maxRecords", 1_000_000)
        self._max_per_issuer = settings.get("maxPerIssuer", self._max_records)
        self._skew = skew
        self._clock, self._steady = clock, steady
        self._started, self._started_steady = clock(), steady()
        self._lock = threading.Lock()
        self._ends: dict[tuple[str, str], int] = {}
        self._order: list[tuple[int, tuple[str, str]]] = []
        self._per_issuer: dict[str, int] = {}
        self._forgotten_until = 0

    def claim(self, issuer: str, jti: str, iat: int, exp: int, now: int) -> None:
        """Refuses with `replay_warming`, `replay_full` or `token_replayed`."""
        if iat <= self._start() + self._skew:
            raise Refusal("replay_warming", retry_after=self._skew + 1 + random.randrange(3))
        with self._lock:
            self._forget(now)
            key, end = (issuer, jti), exp + KEPT_AFTER_END
            if key in self._ends:
                raise Refusal("token_replayed")
            # A clock that was ahead may have ended a record that would still count (AHP-TIME-10).
            if end <= self._forgotten_until or len(self._ends) >= self._max_records:
                raise Refusal("replay_full")
            if self._per_issuer.get(issuer, 0) >= self._max_per_issuer:
                raise Refusal("replay_full")
            self._ends[key] = end
            self._per_issuer[issuer] = self._per_issuer.get(issuer, 0) + 1
            heapq.heappush(self._order, (end, key))

    def _start(self) -> int:
        """By the clock of now too: it may have been put right since."""
        return int(max(self._started, self._clock() - (self._steady() - self._started_steady)))

    def _forget(self, now: int) -> None:
        while self._order and self._order[0][0] <= now:
            end, key = heapq.heappop(self._order)
            del self._ends[key]
            self._per_issuer[key[0]] -= 1
            self._forgotten_until = end
