"""Scoring with care: what may end the process is scored alone, what has done so is not scored at all."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.batch import Item, StageClock, label
from consumer.label import LabelRule
from consumer.records import Outcome, Prepared, Reason, Reject, Stage
from consumer.scoring.scorer import Scorer
from consumer.suspicion import Suspicion


def label_with_care(
    items: Sequence[Item], scorer: Scorer, rule: LabelRule, watch: StageClock, suspicion: Suspicion
) -> Outcome:
    """As ``batch.label``, each call of it noted first; nearly always there is one."""
    if not suspicion.any:
        return _label(items, scorer, rule, watch, suspicion)
    suspects = [i for i in items if isinstance(i, Prepared) and suspicion.suspects(i.record)]
    guilty = [i for i in items if isinstance(i, Prepared) and suspicion.condemns(i.record)]
    apart = {i.record.position for i in [*suspects, *guilty]}
    parts = [_label([i for i in items if i.record.position not in apart], scorer, rule, watch, suspicion)]
    alone = [item for item in suspects if item not in guilty]
    parts += [_label([item], scorer, rule, watch, suspicion, alone=True) for item in alone]
    return _joined(items, [*parts, Outcome(rejects=tuple(map(_condemned, guilty)))], watch)


def _label(
    items: Sequence[Item],
    scorer: Scorer,
    rule: LabelRule,
    watch: StageClock,
    suspicion: Suspicion,
    *,
    alone: bool = False,
) -> Outcome:
    with suspicion.scoring([i.record for i in items if isinstance(i, Prepared)], alone=alone):
        return label(items, scorer, rule, watch)


def _joined(items: Sequence[Item], parts: Sequence[Outcome], watch: StageClock) -> Outcome:
    place = {item.record.position: n for n, item in enumerate(items)}
    return Outcome(
        results=tuple(sorted((r for p in parts for r in p.results), key=lambda r: place[r.record.position])),
        rejects=tuple(r for p in parts for r in p.rejects),
        skips=tuple(s for p in parts for s in p.skips),
        seconds=dict(watch.seconds),
        padded_tokens=sum(p.padded_tokens for p in parts),
    )


def _condemned(item: Prepared) -> Reject:
    return Reject(item.record, Stage.SCORE, Reason.SCORER_FAILED, "scoring it alone ended the process")
