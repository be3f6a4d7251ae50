"""``training train``: chunks → a checkpoint folder.

One logit, binary cross-entropy from logits, one learning-rate schedule over the whole run, the best
weights by mean accuracy at probability 0.5 on fixed validation files. ``OUT/best`` is the checkpoint,
``OUT/state.npz`` what ``--resume`` goes on from. With ``--add`` the result is compared with the model
that it started from.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from consumer.tokenise import Tokeniser, fingerprint
from training.data.batches import Example, read_examples
from training.data.chunk_files import check_chunks
from training.data.mixture import Mixture, endless, survey
from training.data.rows import BadInputError
from training.fit.checkpoint import finish_replacing
from training.fit.hyper import Hyper, add_hyper_arguments, hyper_of
from training.fit.keeper import Keeper
from training.fit.loop import Outcome, Progress, Run, Scores, fit
from training.fit.progress import Display
from training.fit.record import (
    as_json,
    common,
    data_hash,
    made_before,
    manifest_of,
    portable,
    weights_hash,
    where_to_begin,
)
from training.fit.retraining import Retraining, judge, read_retraining, survey_added
from training.fit.room import require_room
from training.fit.session import Session, open_session, prepare
from training.fit.start import Source, Start, find_start
from training.fit.state import load_variables
from training.fit.step import make_scorer
from training.fit.stop import INTERRUPTED, how_to_go_on, listening
from training.fit.strategy import KINDS, choose_strategy, is_chief
from training.fit.validation import Validation
from training.measure.labelled import set_name


@dataclass(frozen=True, slots=True)
class Job:
    """All that a run reads, found whole before anything is written."""

    out: Path
    hyper: Hyper
    start: Start
    mixture: Mixture
    validation: dict[str, list[Example]]
    steps: int
    retraining: Retraining | None

    @property
    def tokeniser(self) -> Tokeniser:
        """The start's tokeniser, cutting at the length that is trained with."""
        return Tokeniser(self.start.tokeniser / "tokenizer.json", self.hyper.max_length)


def train(args: argparse.Namespace) -> Outcome:
    """Train from ``args``; see ``add_arguments``.

    Raises:
        BadInputError: a file of rows or a setting, named.
        ModelRefusedError: what to start from or go on from, named.
        OSError: nothing can be written; the last state saved is whole.
    """
    hyper = hyper_of(args)
    prepare(hyper)
    strategy = choose_strategy(args.strategy)
    if is_chief(strategy) and not args.resume:  # a worker may come when the chief has begun
        require_room(args.out)
    job = read_job(args, hyper)
    config = _config(args, job, strategy.num_replicas_in_sync)
    if is_chief(strategy):
        finish_replacing(args.out / "best")
    progress, state = where_to_begin(args.out, config, resume=args.resume)
    with strategy.scope():
        session = open_session(job.start, hyper, job.steps)
        job = replace(job, start=job.start.without_weights())
        if state is not None:
            load_variables(state, session.variables)
        keeper = Keeper(args.out, job.start, session, config, is_chief(strategy))
        outcome = _run(args, job, session, progress, keeper)
    if job.retraining is not None and keeper.chief and outcome != "interrupted":
        judge(args.out, job.retraining, hyper.seed)
    return outcome


def _run(args: argparse.Namespace, job: Job, session: Session, progress: Progress, keeper: Keeper) -> Outcome:
    hyper, scorer, validation = job.hyper, make_scorer(session.model), Validation(job.validation)

    def validate() -> Scores:
        with session.average.in_place():
            return validation.scores(scorer)

    run = Run(
        steps=job.steps,
        save_every=args.save_every,
        batches=endless(job.mixture, job.tokeniser, hyper.batch_size, hyper.seed, hyper.step_tokens),
        step_once=session.step_once,
        rate=hyper.rate(job.steps),
        save=keeper.save,
        clock=time.monotonic,
        validate=validate,
        keep=keeper.keep,
        validate_every=hyper.validate_every,
        patience=hyper.patience,
    )
    board = args.out / "tensorboard" if args.tensorboard and keeper.chief else None
    with listening() as stop, Display(job.steps, progress.step, time.monotonic, board) as display:
        return fit(run, progress, display, stop)


def read_job(args: argparse.Namespace, hyper: Hyper) -> Job:
    """Read and check everything that ``args`` names, the quick first; raises as ``train`` does."""
    start = find_start(
        Source(args.start, args.config, args.tokeniser, hyper.config_settings(), tuple(args.layers))
    )
    if hyper.max_length > start.config.max_position_embeddings:
        raise BadInputError(
            f"--max-length {hyper.max_length}: the model has {start.config.max_position_embeddings} positions"
        )
    retraining = read_retraining(Path(args.start), start, args.add, args.held_out) if args.add else None
    tokeniser = Tokeniser(start.tokeniser / "tokenizer.json", hyper.max_length)
    validation = _validation(args.validation, tokeniser)
    mixture = _mixture(args, hyper)
    steps = int(mixture.rows // hyper.batch_size * hyper.epochs)
    if steps < 1:
        raise BadInputError(f"{mixture.rows} rows make no batch of {hyper.batch_size}: nothing to train on")
    return Job(args.out, hyper, start, mixture, validation, steps, retraining)


def _validation(paths: list[Path], tokeniser: Tokeniser) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for path in paths:
        name = set_name(path)
        if name in found:
            raise BadInputError(f"{path}: two validation files are called {name}")
        if not path.is_file():
            raise BadInputError(f"{path}: no such file")
        found[name] = read_examples(path, tokeniser)
        if not found[name]:
            raise BadInputError(f"{path}: no row labelled 0 or 4 with text")
    return found


def _mixture(args: argparse.Namespace, hyper: Hyper) -> Mixture:
    chunks = sorted(args.chunks.glob("chunk_*.csv"))
    if not chunks and not args.add:
        raise BadInputError(f"{args.chunks}: no chunk_*.csv; run `python -m training chunk` first")
    old = tuple(survey(path) for path in chunks)
    check_chunks(args.chunks, {file.path.name: file.sha256 for file in old})
    return Mixture(old, survey_added(args.add, [*args.validation, *args.held_out]), hyper.old_share)


def _config(args: argparse.Namespace, job: Job, replicas: int) -> dict[str, Any]:
    mixture, start = job.mixture, job.start
    return as_json(
        {
            "hyper_parameters": asdict(job.hyper),
            "steps": job.steps,
            "rows": mixture.rows,
            "replicas": replicas,
            "started_from": start.name,
            "start_sha256": weights_hash(start.file),
            "start_layers": list(args.layers),
            "model": start.config.to_diff_dict(),
            "tokeniser_fingerprint": fingerprint(start.tokeniser / "tokenizer.json"),
            "data_sha256": data_hash((*mixture.old, *mixture.new)),
            "data": manifest_of(args.chunks, len(mixture.old)),
            "added": {
                file.path.name: {"rows": file.rows, "left_out": file.left_out, "sha256": file.sha256}
                for file in mixture.new
            },
            # Which rows of the added files train depends on it.
            "held_out_sha256": data_hash([survey(path) for path in args.held_out]) if args.add else None,
            "validation": [path.name for path in args.validation],
            "validation_sha256": data_hash([survey(path) for path in args.validation]),
            "command": ["python", "-m", "training", *portable(sys.argv[1:])],
            **made_before(start.file),
            **common(),
        }
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training train``."""
    flag = parser.add_argument
    flag("--from", dest="start", required=True, metavar="FOLDER|FILE|random",
         help="what to start from: the folder of an encoder or checkpoint, Models/CURRENT, a file of "
         "weights, or random")  # fmt: skip
    flag("--layers", type=_layers, default=(), metavar="0,2,4",
         help="keep only these layers of it, counted from 0: a smaller and faster model")  # fmt: skip
    flag("--config", type=Path, help="config.json of bare weights or of a random model")
    flag("--tokeniser", type=Path, help="folder of tokenizer.json where --from has none")
    flag("--chunks", type=Path, default=Path("Data/processed/Chunks"), help="folder of chunk_*.csv")
    flag("--add", type=Path, nargs="+", default=[], metavar="FILE",
         help="train on these new rows, mixed with --old-share of the chunks, and compare")  # fmt: skip
    flag("--held-out", type=Path, nargs="+", default=[Path("Data/processed/test.csv")], metavar="FILE",
         help="with --add: rows to compare on with the model started from")  # fmt: skip
    flag("--validation", type=Path, nargs="+", default=[Path("Data/processed/validation.csv")],
         metavar="FILE", help="fixed sets; best is the highest mean of their accuracies")  # fmt: skip
    flag("--out", type=Path, default=Path("runs/latest"), help="folder of this run")
    add_hyper_arguments(parser)
    flag("--save-every", type=int, default=250, help="steps between states that --resume goes on from")
    flag("--strategy", choices=KINDS, default="auto",
         help="several machines by TF_CONFIG, several GPUs, or neither; auto looks")  # fmt: skip
    flag("--tensorboard", action="store_true", help="write OUT/tensorboard as well")
    flag("--resume", action="store_true", help="go on from the state in --out, to the same weights")


def _layers(argument: str) -> tuple[int, ...]:
    return tuple(int(number) for number in argument.split(","))


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training train``."""
    outcome = train(args)
    if outcome == "interrupted":
        print(how_to_go_on(sys.argv[1:]))
        return INTERRUPTED
    print(f"{outcome}: the best weights are in {args.out / 'best'}")
    return 0
