"""Keeping answers as they arrive: nothing that was stored is ever replaced."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.files import make_folder, remove_leftovers, temporary_folder

from .answers import extends, parse_answers, read_answers
from .records import ANSWERS_FOLDER, Answers, Key

MOST_PARTICIPANTS = 10_000
MOST_VERSIONS = 20
"""Of one participant's answers."""


class Refused(TgbenchError):
    """Answers that are not stored."""


class Collector:
    """Stores answers in the folder of a study; several threads may hand in at once.

    A participant who hands in more later gets a further file. Answers that contradict those stored
    before get one, too, so that whoever analyses them sees both.
    """

    def __init__(self, folder: Path, key: Key) -> None:
        """Look at what is stored.

        Raises:
            TgbenchError: nothing can be written there.
        """
        self._folder = make_folder(folder / ANSWERS_FOLDER)
        remove_leftovers(self._folder)
        self._key = key
        self._lock = threading.Lock()
        self._handed_out: Counter[int] = Counter()
        names = set()
        for path in self._folder.glob("*.json"):
            try:
                stored = read_answers(path, key.design)
            except TgbenchError:
                continue
            if stored.participant not in names:
                self._handed_out[stored.sequence] += 1
            names.add(stored.participant)
        self._names = names

    @property
    def participants(self) -> int:
        """How many have handed in answers."""
        return len(self._names)

    def next_sequence(self) -> int:
        """Return the number of the sequence that fewest participants have."""
        with self._lock:
            numbers = range(1, len(self._key.design.sequences) + 1)
            number = min(numbers, key=lambda each: (self._handed_out[each], each))
            self._handed_out[number] += 1
            return number

    def store(self, text: bytes) -> str:
        """Store answers, and say in words what was done.

        Raises:
            TgbenchError: they cannot be of this study.
            Refused: there are too many already.
        """
        answers = parse_answers(text, "these answers", self._key.design)
        with self._lock:
            return self._store(answers)

    def _store(self, answers: Answers) -> str:
        known = answers.participant in self._names
        if not known and len(self._names) >= MOST_PARTICIPANTS:
            raise Refused(f"the study has {MOST_PARTICIPANTS} participants already")
        name = hashlib.sha256(answers.participant.encode()).hexdigest()[:24]
        earlier: list[Answers] = []
        for version in range(1, MOST_VERSIONS + 1):
            path = self._folder / f"{name}-{version}.json"
            if not path.exists():
                self._write(path, answers)
                self._names.add(answers.participant)
                contradicts = not all(extends(answers, each) for each in earlier)
                return "stored beside answers that differ" if contradicts else "stored"
            stored = read_answers(path, self._key.design)
            if stored == answers:
                return "stored already"
            earlier.append(stored)
        raise Refused(f"{MOST_VERSIONS} files of this participant are stored already")

    def _write(self, path: Path, answers: Answers) -> None:
        with temporary_folder("answers", self._folder) as place:
            whole = Path(place) / path.name
            with whole.open("w", encoding="utf-8") as stream:
                stream.write(answers.model_dump_json(indent=1) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            # Unlike a replacement, a link fails where another process was faster.
            os.link(whole, path)
