"""Makes the map of the test digits in the background, once a version of a model, and says how far it is."""

from __future__ import annotations

import atexit
import os
import threading

import streamlit as st

from core.explanation import digit_map
from core.explanation.digit_map import DigitMap


class MapMaker:
    """One thread at a time: a second map waits for the first. Each method may be called from any thread."""

    def __init__(self) -> None:
        """Nothing is made before it is asked for."""
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # of the threads: one map at a time
        self._shares: dict[tuple[str, str], float] = {}
        self._made: dict[tuple[str, str], DigitMap] = {}
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        atexit.register(self.stop)  # a thread that computes while Python ends takes the process down with an error

    def find(self, name: str, version: str) -> DigitMap | None:
        """A model's map by t-SNE, made in this server or kept by an earlier one; None where there is none yet."""
        key = (name, version)
        with self._lock:
            if key not in self._made and (kept := digit_map.find_kept(name, version)):
                self._made[key] = kept
            return self._made.get(key)

    def share(self, name: str, version: str) -> float | None:
        """How far a map is that is being made, 0 to 1; None where none is."""
        with self._lock:
            return self._shares.get((name, version))

    def start(self, name: str, version: str, flat: DigitMap) -> None:
        """Make the map of a model from its `flat` one, unless that goes on already."""
        key = (name, version)
        with self._lock:
            if key in self._shares or key in self._made:
                return
            self._shares[key] = 0.0
            thread = threading.Thread(target=self._make, args=(key, flat), name="digit map", daemon=True)
            self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """End what is going on, and wait until it has."""
        self._ended.set()
        for thread in self._threads:
            thread.join(10)

    def _make(self, key: tuple[str, str], flat: DigitMap) -> None:
        def tell(share: float) -> bool:
            with self._lock:
                self._shares[key] = share
            return not self._ended.is_set()

        try:
            with self._turn:
                # One core stays for the answers to other visitors.
                made = digit_map.embed(flat, tell, threads=max(1, (os.cpu_count() or 1) - 1))
            if made:
                with self._lock:
                    self._made[key] = made
                digit_map.keep(made, *key)
        except OSError:
            pass  # the disk refuses: it is kept in memory, and made again by the next server
        finally:
            with self._lock:
                self._shares.pop(key, None)


@st.cache_resource(show_spinner=False)
def shared() -> MapMaker:
    """The one maker of this server."""
    return MapMaker()
