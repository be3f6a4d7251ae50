"""``training pretrain``: raw texts → an encoder that knows how tweets are written.

Masked-language modelling from an encoder, before ``train`` gives it labels. No label is used; rows that
``chunk`` would hold out are left out here too. ``OUT`` is a folder that ``train --from`` takes.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consumer.clean import clean
from consumer.tokenise import Tokeniser, fingerprint
from training.data.batches import Example
from training.data.mixture import Position, endless_groups
from training.data.rows import BadInputError, read_rows
from training.data.split import place, split_of
from training.fit.checkpoint import copy_tokeniser
from training.fit.disk import naming, sync_tree
from training.fit.hyper import Hyper
from training.fit.loop import Progress, Run, fit
from training.fit.masked import SIGNATURE, Masked, hide_in_parts, masked_loss, masked_model, read_pieces
from training.fit.progress import Display
from training.fit.record import NAME, as_json, common, portable, weights_hash, where_to_begin, write_json
from training.fit.room import require_room
from training.fit.session import Session, prepare
from training.fit.start import Source, Start, find_start
from training.fit.state import load_variables, save_state
from training.fit.stop import INTERRUPTED, how_to_go_on, listening


def read_texts(paths: Sequence[Path]) -> list[str]:
    """Cleaned texts of the files, each once, without those that belong to a held-out split."""
    texts: dict[int, str] = {}
    for path in paths:
        for row in read_rows(path, path.stem):
            key, position = place(row.text)
            if split_of(position) == "train":
                texts.setdefault(key, clean(row.text))
    return [text for text in texts.values() if text]


def pretrain(args: argparse.Namespace) -> str:
    """Pre-train from ``args``; see ``add_arguments``. Raises as ``training.train.train`` does."""
    hyper = Hyper(
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        max_length=args.max_length,
        bf16=args.bf16,
        fast=args.fast,
        seed=args.seed,
    )
    prepare(hyper)
    if not args.resume:
        require_room(args.out)
    start = find_start(Source(args.start, args.config, args.tokeniser))
    texts = read_texts(args.texts)
    tokeniser = Tokeniser(start.tokeniser / "tokenizer.json", hyper.max_length)
    examples = [Example(t.ids, 0) for t in tokeniser(texts)]
    steps = int(len(examples) // hyper.batch_size * hyper.epochs)
    if steps < 1:
        raise BadInputError(f"{len(examples)} texts make no batch of {hyper.batch_size}: nothing to train on")
    config = _config(hyper, start, texts, steps)
    progress, state = where_to_begin(args.out, config, resume=args.resume)
    session = _session(start, hyper, steps)
    start = start.without_weights()
    if state is not None:
        load_variables(state, session.variables)
    run = Run(
        steps=steps,
        save_every=args.save_every,
        batches=_batches(examples, start, hyper),
        step_once=session.step_once,
        rate=hyper.rate(steps),
        save=lambda progress: _save(args.out, start, session, config, progress),
        clock=time.monotonic,
    )
    display = Display(
        steps, progress.step, time.monotonic, args.out / "tensorboard" if args.tensorboard else None
    )
    with listening() as stop, display:
        return fit(run, progress, display, stop)


def _session(start: Start, hyper: Hyper, steps: int) -> Session:
    model = masked_model(start, hyper.seed)
    return Session.of(model, hyper, steps, masked_loss(model), SIGNATURE)


def _batches(examples: Sequence[Example], start: Start, hyper: Hyper) -> Any:
    pieces = read_pieces(start.tokeniser)
    plain = endless_groups(
        lambda _: [examples], lambda group: group, hyper.batch_size, hyper.seed, hyper.step_tokens
    )

    def batches(position: Position) -> Iterator[tuple[Position, tuple[Masked, ...]]]:
        for after, parts in plain(position):
            # Which pieces are hidden follows from the place as well: another choice in every pass.
            rng = np.random.default_rng([hyper.seed, *after])
            yield after, hide_in_parts(parts, pieces, rng)

    return batches


def _config(hyper: Hyper, start: Start, texts: Sequence[str], steps: int) -> dict[str, Any]:
    facts = {
        "steps": steps,
        "texts": len(texts),
        "started_from": start.name,
        "start_sha256": weights_hash(start.file),
        "tokeniser_fingerprint": fingerprint(start.tokeniser / "tokenizer.json"),
        "data_sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest(),
        "hyper_parameters": hyper.of_pretraining(),
        "command": ["python", "-m", "training", *portable(sys.argv[1:])],
        **common(),
    }
    return as_json({"masked_language": facts})


def _save(out: Path, start: Start, session: Session, config: dict[str, Any], progress: Progress) -> None:
    """The encoder as it is now, and after it the state: at most a step of the two is lost."""
    temporary = out / ".encoder.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with naming(out / "model.safetensors"):
            session.model.save_pretrained(temporary, safe_serialization=True)
        copy_tokeniser(start.tokeniser, temporary)
        facts = config["masked_language"] | {"step": progress.step, "loss": progress.loss}
        write_json(temporary / NAME, {"masked_language": facts})
        sync_tree(temporary)
        for path in sorted(temporary.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    save_state(out, session.variables, {"progress": progress.to_facts(), "config": config})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training pretrain``."""
    flag = parser.add_argument
    flag("texts", nargs="+", type=Path, help="labelled csv files, plain or .gz; labels are not looked at")
    flag("--from", dest="start", required=True, metavar="FOLDER", help="encoder to start from, as for train")
    flag("--config", type=Path, help="config.json of bare weights or of a random model")
    flag("--tokeniser", type=Path, help="folder of tokenizer.json where --from has none")
    flag("--out", type=Path, default=Path("runs/pretrained"), help="folder of the encoder and the state")
    flag("--epochs", type=float, default=1.0, help="passes over the texts")
    flag("--batch-size", type=int, default=64, help="texts a step")
    flag("--learning-rate", type=float, default=2e-4, help="at its highest; 6 %% warm-up, then linear to 0")
    flag("--max-length", type=int, default=128, help="word pieces of a text")
    flag("--seed", type=int, default=7, help="of order, hidden pieces, dropout and the head")
    flag("--bf16", action="store_true", help="compute in bfloat16, keep weights in float32")
    flag("--fast", action="store_true", help="give up that a run is the same to the last bit every time")
    flag("--save-every", type=int, default=500, help="steps between states that --resume goes on from")
    flag("--tensorboard", action="store_true", help="write OUT/tensorboard as well")
    flag("--resume", action="store_true", help="go on from the state in --out, to the same weights")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training pretrain``."""
    outcome = pretrain(args)
    if outcome == "interrupted":
        print(how_to_go_on(sys.argv[1:]))
        return INTERRUPTED
    print(f"{outcome}: the encoder is in {args.out}")
    return 0
