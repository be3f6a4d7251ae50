"""The folder of a run: its best weights, its state, its configuration."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.fit.checkpoint import copy_tokeniser, replace_folder, save_weights
from training.fit.loop import Progress
from training.fit.record import NAME, write_json
from training.fit.session import Session
from training.fit.start import Start
from training.fit.state import save_state


@dataclass(frozen=True, slots=True)
class Keeper:
    """Writes a run's folder; where there are several processes, one of them is the chief and writes."""

    out: Path
    start: Start
    session: Session
    config: dict[str, Any]
    chief: bool

    def keep(self, progress: Progress) -> None:
        """The best weights so far, with tokeniser and training configuration beside them."""
        if not self.chief:
            return
        temporary = self.out / ".best.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            with self.session.average.in_place():
                save_weights(self.session.model, temporary)
            copy_tokeniser(self.start.tokeniser, temporary)
            write_json(temporary / NAME, self.config | {"history": progress.history})
            replace_folder(temporary, self.out / "best")
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def save(self, progress: Progress) -> None:
        """The whole state, and beside it the configuration with the validations so far."""
        if self.chief:
            facts = {"progress": progress.to_facts(), "config": self.config}
            save_state(self.out, self.session.variables, facts)
            write_json(self.out / NAME, self.config | {"history": progress.history})
