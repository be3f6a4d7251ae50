"""The whole report: its sections in order."""

from __future__ import annotations

from collections.abc import Callable

from training.measure.report import decided, made, measured
from training.measure.report.facts import Facts
from training.measure.report.markdown import missing, table, values
from training.measure.view import shortened

NAME = "Model_Training_Report.md"
_FUTURE = """\
- A third label that is trained, instead of a band between two.
- Labels made by people for recent texts: for training, and to see how far the years have moved.
- More than one language, with a vocabulary for it.
- Texts seen in production with low confidence, labelled and added by `train --add`."""


def limits(facts: Facts) -> str:
    """What the numbers do not say."""
    parts = [
        (
            "- Most training labels were made from emoticons, not by people; sets labelled the same way "
            "share the labels' errors, and no model can seem better on them than they are right."
        ),
        "- A text without sentiment gets one of the two labels all the same; see *Neutral band*.",
        (
            "- Irony, mixed feelings and what a link or a picture would have said are often missed. Other "
            "languages are scored but not understood."
        ),
        "- The texts are of the years their sources were collected in; words and names since are unknown.",
        "- Not for decisions about persons.",
    ]
    view = facts.view
    widest = max(
        ((bounds[1] - bounds[0], name) for name in (view.sets if view else [])
         if view and (bounds := view.interval(name, "accuracy"))), default=None,
    )  # fmt: skip
    if widest:
        parts.insert(0, f"- The least certain accuracy is that of {widest[1]}: its 95 % interval is "
                        f"{shortened(widest[0])} wide.")  # fmt: skip
    return "\n".join(parts)


def reproduction(facts: Facts) -> str:
    """How to make the model again."""
    run = facts.training
    if not run.get("command"):
        return missing("training-config.json does not keep the command")
    steps = [
        "`make train` runs the whole recipe; this model's weights came from",
        "```\n" + " ".join(str(part) for part in run["command"]) + "\n```",
    ]
    rows = values({
        "weights it started from, sha256": run.get("start_sha256"),
        "training rows, sha256": run.get("data_sha256"),
        "word pieces, fingerprint": run.get("tokeniser_fingerprint"),
        "cleaning version": run.get("cleaning_version"),
        "versions": run.get("versions") or {},
    })  # fmt: skip
    return "\n\n".join([*steps, table(("what went in", "value"), rows)])


def future_work(_facts: Facts) -> str:
    """What would be tried next."""
    return _FUTURE


SECTIONS: tuple[tuple[str, Callable[[Facts], str]], ...] = (
    ("Overview", made.overview),
    ("Data", made.data),
    ("Preprocessing", made.preprocessing),
    ("Model", made.shape),
    ("Training procedure and hyper-parameters", made.training),
    ("Results by set", measured.results),
    ("Error analysis by slice", measured.errors),
    ("Calibration", decided.calibration),
    ("Threshold", decided.threshold),
    ("Neutral band", decided.neutral),
    ("Quantisation parity", decided.quantisation),
    ("Comparison with the original", measured.comparison),
    ("Limits", limits),
    ("Reproduction", reproduction),
    ("Future work", future_work),
)


def write_report(facts: Facts) -> str:
    """The report as Markdown; the same facts give the same text."""
    head = (
        f"# Model training report: {facts.model.name} {facts.model.version}\n\n"
        "Written by `python -m training report` from `evaluation.json`, `training-config.json`, "
        "`calibration.json` and `config.json` of the model; every number stands in one of them."
    )
    sections = [f"## {n}. {title}\n\n{text(facts)}" for n, (title, text) in enumerate(SECTIONS, start=1)]
    return "\n\n".join([head, *sections]) + "\n"
