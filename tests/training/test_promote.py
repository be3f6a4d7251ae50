"""``promote``, ``rollback`` and ``list``: which model is in use."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consumer.errors import ConsumerError
from consumer.model.folder import ModelFolder, open_model
from consumer.model.golden import read_golden, write_golden
from tests.model.folders import seal
from training.__main__ import main
from training.data.labelled_csv import sha256
from training.promote import promote
from training.rollback import rollback

pytestmark = pytest.mark.tensorflow  # the tiny model is exported with it

Add = Callable[..., Path]


def noon() -> datetime:
    """A clock that stands."""
    return datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``Models`` folder, where no splits lie about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Models").mkdir()
    return tmp_path / "Models"


@pytest.fixture
def add(tiny: ModelFolder, models: Path) -> Add:
    """Adds a copy of the tiny model under a name and a version, with another calibration where asked for."""

    def add(name: str, version: str, cleaning: str | None = None, **calibration: float) -> Path:
        folder = Path(shutil.copytree(tiny.path, models / name))
        told = json.loads((folder / "calibration.json").read_text())
        (folder / "calibration.json").write_text(json.dumps(told | calibration))
        seal(folder, version=version, **({"cleaning_version": cleaning} if cleaning else {}))
        return folder

    return add


@pytest.fixture
def rows(tiny_checkpoint_path: Path) -> str:
    """Labelled rows that the tiny model is good at."""
    return str(tiny_checkpoint_path.parent / "labelled.csv")


def spoil_golden(folder: Path) -> None:
    """Golden texts that this model does not score as they say, sealed as if it did."""
    golden = read_golden(folder / "golden.jsonl")
    wrong = tuple((p + 0.5) % 1 for p in golden.probabilities)
    write_golden(folder / "golden.jsonl", replace(golden, probabilities=wrong))
    seal(folder)


def current(models: Path) -> str:
    """The name in use."""
    return (models / "CURRENT").read_text()


def history(models: Path) -> list[dict[str, Any]]:
    """The entries."""
    return [json.loads(line) for line in (models / "HISTORY.jsonl").read_text().splitlines()]


def test_the_first_model_is_put_in_use(models: Path, add: Add) -> None:
    """Nothing to compare with: ``CURRENT`` opens it, and the history says so."""
    folder = add("one", "1.0.0")
    promote(folder, None, None, noon)
    assert open_model(models / "CURRENT").path == folder
    assert history(models) == [
        {
            "time": "2026-01-02T12:00:00Z",
            "action": "promote",
            "before": None,
            "after": "one",
            "versions": [None, "1.0.0"],
            "verdict": "first",
            "reason": None,
            "comparison": None,
        }
    ]


def test_what_a_consumer_would_refuse_is_not_promoted(models: Path, add: Add) -> None:
    """A damaged folder, or one that computes something else, exits 3; ``CURRENT`` stays where it was."""
    (models / "CURRENT").write_text("older\n")
    damaged, other = add("one", "1.0.0"), add("two", "1.0.0")
    (damaged / "openvino" / "model.bin").write_bytes(b"")
    spoil_golden(other)
    assert main(["promote", str(damaged)]) == main(["promote", str(other)]) == 3
    assert current(models) == "older\n"


def test_a_worse_model_is_refused_unless_told_why(
    models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beyond the interval; the reason is kept with the numbers."""
    main(["promote", str(add("good", "1.0.0"))])
    bad = add("bad", "1.0.1", bias=9.0)
    assert main(["promote", str(bad), "--on", rows]) == 3
    told = capsys.readouterr().err
    assert "than good on labelled.csv, worse: accuracy -" in told
    assert "--because" in told
    assert current(models) == "good\n"
    assert main(["promote", str(bad), "--on", rows, "--because", "a drill"]) == 0
    assert current(models) == "bad\n"
    last = history(models)[-1]
    assert (last["verdict"], last["reason"], last["before"], last["after"]) == (
        "worse",
        "a drill",
        "good",
        "bad",
    )
    assert last["versions"] == ["1.0.0", "1.0.1"]
    assert last["comparison"]["high"] < 0 < last["comparison"]["n"]


@pytest.mark.parametrize(("old", "verdict"), [({"bias": 9.0}, "better"), ({"temperature": 7.0}, "same")])
def test_a_model_that_is_not_worse_is_promoted(
    models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str], old: dict[str, float], verdict: str
) -> None:
    """The verdict is printed and kept."""
    main(["promote", str(add("old", "1.0.0", **old))])
    assert main(["promote", str(add("new", "1.0.1")), "--on", rows]) == 0
    assert f"than old on labelled.csv, {verdict}: accuracy " in capsys.readouterr().out
    assert history(models)[-1]["verdict"] == verdict


def test_each_model_is_judged_at_its_own_threshold(
    models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A threshold that calls nearly everything positive is worse, whatever the probabilities."""
    main(["promote", str(add("old", "1.0.0"))])
    assert main(["promote", str(add("new", "1.0.1", threshold=0.001)), "--on", rows]) == 3
    assert "worse" in capsys.readouterr().err


def test_without_rows_a_reason_is_needed(models: Path, add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    """Not compared is said, and why it was done all the same."""
    main(["promote", str(add("one", "1.0.0"))])
    two = add("two", "2.0.0")
    assert main(["promote", str(two)]) == 2
    assert "no rows to compare with one on (Data/processed/test.csv is not there)" in capsys.readouterr().err
    assert main(["promote", str(two), "--on", "nowhere.csv"]) == 2
    assert current(models) == "one\n"
    assert main(["promote", str(two), "--because", "measured elsewhere"]) == 0
    assert (history(models)[-1]["verdict"], history(models)[-1]["reason"]) == (
        "not compared",
        "measured elsewhere",
    )


@pytest.mark.parametrize("knows", ["old", "new"])
def test_rows_that_one_of_the_two_was_trained_on_decide_nothing(
    models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str], knows: str
) -> None:
    """It would win by remembering; a reason lifts it."""
    folders = {"old": add("old", "1.0.0"), "new": add("new", "1.0.1")}
    main(["promote", str(folders["old"])])
    config = folders[knows] / "training-config.json"
    told = {"data": {"inputs": [{"sha256": sha256(Path(rows))}]}}
    config.write_text(json.dumps(json.loads(config.read_text()) | told))
    seal(folders[knows])
    assert main(["promote", str(folders["new"]), "--on", rows]) == 2
    version = {"old": "1.0.0", "new": "1.0.1"}[knows]
    assert f"labelled.csv is a file that tiny {version} was made from" in capsys.readouterr().err
    assert current(models) == "old\n"
    assert main(["promote", str(folders["new"]), "--on", rows, "--because", "a drill"]) == 0


def test_the_held_out_split_is_used_where_it_is(models: Path, add: Add, rows: str) -> None:
    """Without --on."""
    split = models.parent / "Data" / "processed" / "test.csv"
    split.parent.mkdir(parents=True)
    shutil.copy(rows, split)
    main(["promote", str(add("one", "1.0.0"))])
    assert main(["promote", str(add("two", "2.0.0"))]) == 0
    assert history(models)[-1]["comparison"]["n"] == 120


@pytest.mark.parametrize("fault", ["cleaning", "gone", "damaged"])
def test_a_model_in_use_that_no_consumer_would_load_gives_way(
    models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """Of another cleaning version, gone or damaged: not comparable, and nothing to lose."""
    old = add("old", "1.0.0", cleaning="0" if fault == "cleaning" else None)
    (models / "CURRENT").write_text("old\n")
    if fault == "gone":
        shutil.rmtree(old)
    elif fault == "damaged":
        (old / "config.json").write_text("{}")
    assert main(["promote", str(add("new", "2.0.0")), "--on", rows]) == 0
    assert "this consumer refuses the model in use" in capsys.readouterr().out
    assert (current(models), history(models)[-1]["verdict"]) == ("new\n", "not comparable")


def test_promoting_what_is_in_use_changes_nothing(models: Path, add: Add) -> None:
    """No entry that a rollback would stop at; also under the pointer's own name."""
    folder = add("one", "1.0.0")
    main(["promote", str(folder)])
    assert main(["promote", str(folder)]) == main(["promote", str(models / "CURRENT")]) == 0
    assert len(history(models)) == 1


def test_for_a_program(models: Path, add: Add, rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json`: one object that says which model is in use now, and how it was judged."""

    def told(*words: str) -> dict[str, Any]:
        assert main([*words, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    first = told("promote", str(add("one", "1.0.0")))
    assert (first["current"], first["verdict"], first["comparison"]) == ("one", "first", None)
    second = told("promote", str(add("two", "2.0.0")), "--on", rows)
    assert (second["current"], second["verdict"], second["comparison"]["difference"]) == ("two", "same", 0)
    assert told("rollback", "--models", str(models)) == {"current": "one"}


def test_rollback_goes_back_along_the_history(
    models: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice is two back; at the beginning it says so; what was left may be promoted again."""
    for number, name in enumerate(("one", "two", "three")):
        promote(add(name, f"{number}.0.0"), None, "a drill", noon)
    assert main(["rollback", "--models", str(models), "--because", "alarms"]) == 0
    assert current(models) == "two\n"
    assert main(["rollback", "--models", str(models)]) == 0
    assert current(models) == "one\n"
    assert main(["rollback", "--models", str(models)]) == 2
    assert "the history names no model before one" in capsys.readouterr().err
    actions = [(e["action"], e["before"], e["after"], e["reason"]) for e in history(models)[3:]]
    assert actions == [("rollback", "three", "two", "alarms"), ("rollback", "two", "one", None)]
    promote(models / "three", None, "again", noon)
    assert rollback(models, None, noon)[0] == "one"


def test_rollback_verifies_first(models: Path, add: Add) -> None:
    """A predecessor that computes something else by now exits 3; ``CURRENT`` stays."""
    promote(add("one", "1.0.0"), None, None, noon)
    promote(add("two", "2.0.0"), None, "a drill", noon)
    spoil_golden(models / "one")
    assert main(["rollback", "--models", str(models)]) == 3
    assert current(models) == "two\n"


def test_rollback_after_a_change_by_hand(models: Path, add: Add) -> None:
    """What the history knew to be in use last is what was before."""
    promote(add("one", "1.0.0"), None, None, noon)
    add("two", "2.0.0")
    (models / "CURRENT").write_text("two\n")
    assert rollback(models, None, noon)[0] == "one"


def test_a_broken_history_is_told(models: Path, add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    """A warning names the line; the rest counts."""
    promote(add("one", "1.0.0"), None, None, noon)
    with (models / "HISTORY.jsonl").open("a") as file:
        file.write("not json\n")
    promote(add("two", "2.0.0"), None, "a drill", noon)
    assert main(["rollback", "--models", str(models)]) == 0
    assert "HISTORY.jsonl, line 2: not an entry" in capsys.readouterr().err
    assert current(models) == "one\n"


def test_whoever_opens_meanwhile_finds_a_whole_model(models: Path, add: Add) -> None:
    """At every moment of many promotions and rollbacks ``CURRENT`` opens one of the two, whole."""
    folders = [add("one", "1.0.0"), add("two", "2.0.0")]
    promote(folders[0], None, None, noon)
    stop, faults, seen = threading.Event(), list[str](), set[str]()

    def start() -> None:
        while not stop.is_set():
            try:
                model = open_model(models / "CURRENT")
            except (ConsumerError, OSError) as error:
                faults.append(str(error))
            else:
                seen.add(f"{model.path.name} {model.version}")

    consumer = threading.Thread(target=start)
    consumer.start()
    for _ in range(4):
        promote(folders[1], None, "a drill", noon)
        rollback(models, None, noon)
    stop.set()
    consumer.join()
    assert faults == []
    assert seen == {"one 1.0.0", "two 2.0.0"}


def test_list_tells_of_every_folder(models: Path, add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    """Which is in use, its version, size and accuracy, and why a consumer would refuse it."""
    promote(add("one", "1.0.0"), None, None, noon)
    add("old", "0.9.0", cleaning="0")
    (models / ".new.tmp").mkdir()
    assert main(["list", "--models", str(models), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["current"] == "one"
    old, one = told["models"]
    assert (one["name"], one["current"], one["version"], one["refused"]) == ("one", True, "1.0.0", None)
    assert one["megabytes"] > 0
    assert 0.6 < one["accuracy"]["labelled"] < 1
    assert (old["current"], old["version"]) == (False, "0.9.0")
    assert "cleaning version '0'" in old["refused"]


def test_list_is_a_table_for_people(models: Path, add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a model, an arrow at the one in use, and a warning where that is gone."""
    promote(add("one", "1.0.0"), None, None, noon)
    assert main(["list", "--models", str(models)]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split()[:3] == ["→", "one", "1.0.0"]
    assert "labelled 0." in line
    (models / "CURRENT").write_text("gone\n")
    assert main(["list", "--models", str(models)]) == 0
    assert "CURRENT names gone, which is not there" in capsys.readouterr().err
    assert main(["list", "--models", str(models / "none")]) == 2
