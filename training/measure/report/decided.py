"""Sections on what was decided about a model after training: calibration, threshold, band, int8."""

from __future__ import annotations

from collections.abc import Mapping

from training.measure.report.facts import Facts
from training.measure.report.markdown import figure, missing, number, table
from training.measure.view import pair, shortened, with_interval


def calibration(facts: Facts) -> str:
    """The scale, and what it does to the calibration error of each set."""
    found = facts.calibration
    if not found:
        return missing("calibration.json is not there: scores are taken as they are")
    loss = found.get("log_loss") or {}
    parts = [
        f"p = sigmoid({facts.model.scale}), by least log loss "
        f"on {number(found.get('rows'))} rows of {found.get('set', 'the calibration split')}"
        + (f", where log loss went from {loss['before']:.4f} to {loss['after']:.4f}." if loss else "."),
    ]
    view = facts.view
    if view and view.drawn:
        rows = [
            (
                name,
                shortened(_error(view.curves(name)["reliability"]["uncalibrated"])),
                view.shown(name, "ece"),
            )
            for name in view.drawn
        ]
        parts.append(table(("calibration error (ECE)", "before", "after"), rows))
    parts.append(figure("reliability.png", "Share of positives over the probability given", facts.drawn))
    return "\n\n".join(parts)


def _error(bins: Mapping[str, list[float]]) -> float:
    gaps = zip(bins["rows"], bins["mean_probability"], bins["positives"], strict=True)
    return sum(abs(rows * mean - positives) for rows, mean, positives in gaps) / sum(bins["rows"])


def threshold(facts: Facts) -> str:
    """Where the threshold stands and why, and what another would have given."""
    rule, reason = facts.calibration.get("rule"), facts.calibration.get("reason")
    said = f"by the rule `{rule}`" + (f": {reason}" if reason else "") if rule else "as the default"
    parts = [f"A text is positive from P(positive) ≥ {facts.model.threshold:g}, chosen {said}."]
    view = facts.view
    if view is None or not view.drawn:
        return "\n\n".join([*parts, missing("no evaluation with thresholds")])
    rows = []
    for name in view.drawn:
        curve = view.thresholds(name)
        best = max(range(len(curve["f1"])), key=lambda at: curve["f1"][at] or 0.0)
        most = max(range(len(curve["accuracy"])), key=lambda at: curve["accuracy"][at] or 0.0)
        rows.append((
            name,
            view.shown(name, "f1"),
            f"{with_interval(curve['f1'][best], None)} at {curve['threshold'][best]:.2f}",
            view.shown(name, "accuracy"),
            f"{with_interval(curve['accuracy'][most], None)} at {curve['threshold'][most]:.2f}",
        ))  # fmt: skip
    header = ("set", "F1", "largest F1", "accuracy", "largest accuracy")
    parts += [
        (
            "The largest over all thresholds of the same set is flattered by it, and bounds what another "
            "threshold could gain:"
        ),
        table(header, rows),
        figure("f1_over_threshold.png", "F1 over the threshold by set", facts.drawn),
    ]
    return "\n\n".join(parts)


def neutral(facts: Facts) -> str:
    """What a neutral band does on sets with neutral rows."""
    view, found = facts.view, facts.evaluation.get("three_way", {})
    if view is None or not view.three_way():
        return missing("no set with neutral rows was measured")
    band = found.get("band")
    chosen = f", chosen on {found['chosen_on']} by the {found['rule']}" if found.get("chosen_on") else ""
    shown = f"`NEUTRAL_BAND={band[0]:g},{band[1]:g}`{chosen}" if band else "no band"
    rows = [
        (
            name,
            number(numbers["n"]),
            with_interval(numbers.get("macro_recall_without_band"), None),
            *(
                with_interval(numbers[key], pair(numbers["intervals"].get(key)))
                for key in (
                    "macro_recall",
                    "f1_pos_neg",
                    "recall_negative",
                    "recall_neutral",
                    "recall_positive",
                )
            ),
        )
        for name, numbers in view.three_way().items()
    ]
    header = (
        "set", "rows", "without a band", "macro recall", "F1 of positive and negative",
        "recall: negative", "neutral", "positive",
    )  # fmt: skip
    return "\n\n".join([
        ("The model knows two labels. The consumer's option `NEUTRAL_BAND`, off by default, calls "
        f"probabilities within a band neutral. Measured with {shown}; macro recall is the mean over the "
        "three labels (a guess has a third)."),
        table(header, rows),
    ])  # fmt: skip


def quantisation(facts: Facts) -> str:
    """How far int8 is from float32."""
    found = facts.evaluation.get("int8_against_float32")
    if not found:
        return missing("int8 was not compared with float32; `python -m training export` does")
    names = {
        "agreement": "labels agree",
        "mean_delta": "mean difference of probabilities",
        "max_delta": "largest difference",
        "accuracy_fp32": "accuracy in float32",
        "accuracy_int8": "accuracy in int8",
    }
    rows = [(text, f"{found[key]:.4f}") for key, text in names.items() if key in found]
    return "\n\n".join([
        (f"The int8 model against float32 from the same weights, on {number(found.get('rows'))} rows of "
        f"{found.get('set', 'the validation split')}, before calibration and at even odds; an export is "
        "refused beyond its limits."),
        table(("int8 against float32", "value"), rows),
        *_same_label(facts),
    ])  # fmt: skip


def _same_label(facts: Facts) -> list[str]:
    """How often both give one label as served, by set."""
    found = facts.evaluation.get("same_label") or {}
    if not found:
        return []
    rows = [(name, f"{share:.4f}") for name, share in found.items()]
    return ["Calibrated and at the model's threshold, as served:", table(("set", "labels agree"), rows)]
