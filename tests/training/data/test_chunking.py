"""What chunking promises about the rows: where each goes, which stay, and an account of all."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.clean import clean
from tests.training.data.tables import Pair, by_split, chunked, manifest_of, many, rows_of, state, write_csv
from training.data.chunking import Options, chunk
from training.data.rows import BadInputError
from training.data.split import place, split_of

words = st.sampled_from(
    ["good", "Good", "bad", "day", "@ann", "@bob", "http://t.co/a", "&amp;", "é", "  ", "\n", '"', ","]
)
texts = st.lists(words, max_size=3).map(" ".join)
tables = st.lists(st.tuples(st.sampled_from("024"), texts), max_size=60)
ENOUGH = many(200)  # so that both labels are left to train on, whatever else is drawn
SMALL = Options(rows_per_chunk=20)


def saying(text: str) -> str:
    """What makes two texts the same."""
    return clean(text).casefold()


def expected(rows: list[Pair]) -> dict[str, str]:
    """Normalised text → its one label: the rule in its plainest form."""
    labels: dict[str, set[str]] = {}
    for target, text in rows:
        if target != "2" and saying(text):
            labels.setdefault(saying(text), set()).add(target)
    return {text: found.pop() for text, found in labels.items() if len(found) == 1}


@given(tables, tables)
def test_every_text_is_kept_once_on_its_side_or_not_at_all(first: list[Pair], second: list[Pair]) -> None:
    """No text on two sides or twice, none with two labels, none neutral; the held-out files lack nothing."""
    with TemporaryDirectory() as folder:
        chunked(Path(folder), SMALL, a=[*ENOUGH, *first], b=[*second, ("0", "one more")])
        splits = by_split(Path(folder) / "out")
    found = [(saying(row.text), row.target, name) for name, rows in splits.items() for row in rows]
    assert len({text for text, *_ in found}) == len(found)
    wanted = expected([*ENOUGH, *first, *second, ("0", "one more")])
    assert {text: label for text, label, _ in found}.items() <= wanted.items()
    assert all(split_of(place(text)[1]) == name for text, _, name in found)
    held_out = {text for text, _, name in found if name != "train"}
    assert held_out == {text for text in wanted if split_of(place(text)[1]) != "train"}
    chunk_labels = Counter(row.target for row in splits["train"])
    trainable = Counter(label for text, label in wanted.items() if split_of(place(text)[1]) == "train")
    assert chunk_labels["0"] == chunk_labels["4"] == min(trainable.values())


@given(tables, tables, st.randoms())
def test_more_data_moves_no_row_and_order_changes_nothing(old: list[Pair], new: list[Pair], rng) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - hypothesis has no public name for it
    """A row of one run is in the same split in the next, unless a new row contradicts it."""
    with TemporaryDirectory() as folder:
        chunked(Path(folder), SMALL, a=[*ENOUGH, *old])
        before = {saying(r.text): name for name, rows in by_split(Path(folder) / "out").items() for r in rows}
        chunked(Path(folder), SMALL, b=new or many(2), a=[*ENOUGH, *old])
        after = {saying(r.text): name for name, rows in by_split(Path(folder) / "out").items() for r in rows}
    assert all(after[text] == name for text, name in before.items() if text in after)

    distinct = list({saying(text): (target, text) for target, text in [*ENOUGH, *old]}.values())
    shuffled = rng.sample(distinct, len(distinct))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        chunked(Path(one), SMALL, a=distinct)
        chunked(Path(other), SMALL, a=shuffled)
        assert rows_of(Path(one) / "out") == rows_of(Path(other) / "out")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=20))
def test_texts_come_out_as_they_went_in(found: list[str]) -> None:
    """Quotes, newlines, commas and any letter: raw text is what a chunk holds, and csv can carry it."""
    with TemporaryDirectory() as folder:
        chunked(Path(folder), SMALL, a=[*ENOUGH, *(("4", text) for text in found)])
        kept = {row.text for rows in by_split(Path(folder) / "out").values() for row in rows}
    assert kept <= {text for _, text in ENOUGH} | set(found)
    held_out = {text for text in found if saying(text) and split_of(place(text)[1]) != "train"}
    assert {saying(text) for text in held_out} <= {saying(text) for text in kept}


def test_chunks_are_balanced_shuffled_and_sorted_by_name(tmp_path: Path) -> None:
    """As many of one label as of the other in each, the last one shorter; the order is the seed's."""
    chunked(tmp_path, Options(rows_per_chunk=100, seed=1), a=many(1000))
    found = {name: rows for name, rows in rows_of(tmp_path / "out").items() if name.startswith("chunk_")}
    *whole, last = found.values()
    assert next(iter(found)) == "chunk_0001.csv"
    assert {len(rows) for rows in whole} == {100}
    assert 0 < len(last) <= 100
    for rows in found.values():
        labels = [row.target for row in rows]
        assert labels.count("0") == labels.count("4")
        assert labels != sorted(labels)
    numbers = [int(row.text.rpartition(" ")[2]) for rows in found.values() for row in rows]
    assert numbers != sorted(numbers)
    before = state(tmp_path / "out")
    chunked(tmp_path, Options(rows_per_chunk=100, seed=1), a=many(1000))
    assert state(tmp_path / "out") == before
    chunked(tmp_path, Options(rows_per_chunk=100, seed=2), a=many(1000))
    after = state(tmp_path / "out")
    assert after["Chunks/chunk_0001.csv"] != before["Chunks/chunk_0001.csv"]
    assert after["test.csv"] == before["test.csv"]


def test_all_rows_may_be_kept_as_they_come(tmp_path: Path) -> None:
    """``balanced=False``: nothing that trains is left out, in chunks of the size asked for."""
    rows = many(400) + [("4", f"more {n}") for n in range(300)]
    manifest = chunked(tmp_path, Options(rows_per_chunk=100, balanced=False), a=rows)
    found = [rows for name, rows in rows_of(tmp_path / "out").items() if name.startswith("chunk_")]
    assert sum(map(len, found)) == manifest["splits"]["train"]
    assert manifest["counts"]["unbalanced_left_out"] == 0
    assert {len(rows) for rows in found[:-1]} == {100}
    shares = [sum(row.target == "4" for row in rows) / len(rows) for rows in found]
    assert max(shares) - min(shares) < 0.35  # mixed, not one label after the other


def test_a_small_source_is_not_what_is_left_out(tmp_path: Path) -> None:
    """Where one label has more rows, those of the largest source make way."""
    large = [("4", f"large {n}") for n in range(800)]
    small = [("4", f"small {n}") for n in range(100)]
    manifest = chunked(tmp_path, large=[*large, *(("0", f"sad {n}") for n in range(300))], small=small)
    used = Counter((row.source, row.target) for row in by_split(tmp_path / "out")["train"])
    assert used["small", "4"] == manifest["splits_by_source"]["train"]["small"]["4"]
    assert manifest["counts"]["unbalanced_left_out"] == manifest["splits"]["train"] - sum(used.values()) > 0


def test_a_share_of_a_source_is_taken(tmp_path: Path) -> None:
    """About so many of its rows that train, a smaller share within a larger one; all else is as without."""
    large, small = many(2000), many(200, first=5000)
    texts: list[set[str]] = []
    whole = chunked(tmp_path, Options(balanced=False), large=large, small=small)
    held_out = state(tmp_path / "out")["test.csv"]
    for share in (0.25, 0.5):
        options = Options(shares={"large": share}, balanced=False)
        manifest = chunked(tmp_path, options, large=large, small=small)
        train = by_split(tmp_path / "out")["train"]
        used = Counter(row.source for row in train)
        assert used["small"] == sum(whole["splits_by_source"]["train"]["small"].values())
        assert used["large"] / sum(whole["splits_by_source"]["train"]["large"].values()) == pytest.approx(
            share, abs=0.05
        )
        assert manifest["counts"]["beyond_share_left_out"] == whole["splits"]["train"] - len(train)
        assert manifest["counts"]["unbalanced_left_out"] == 0
        assert state(tmp_path / "out")["test.csv"] == held_out
        texts.append({row.text for row in train})
    assert texts[0] < texts[1]
    with pytest.raises(BadInputError, match="--share: no row is of the source 'huge'"):
        chunked(tmp_path, Options(shares={"huge": 0.5}), large=large, small=small)


def test_the_first_of_equal_texts_is_kept(tmp_path: Path) -> None:
    """So the better source is named first."""
    rows = many(100)
    chunked(tmp_path, first=rows, second=[(target, f"@ann {text}"[5:]) for target, text in rows])
    assert {row.source for rows in by_split(tmp_path / "out").values() for row in rows} == {"first"}


@pytest.mark.parametrize("early", [True, False])
def test_a_contradiction_takes_the_text_away_wherever_it_stands(tmp_path: Path, early: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Three rows say one thing with two labels: one text and three rows, counted and dropped."""
    clash = [("0", "mixed feelings"), ("0", "Mixed feelings "), ("4", "mixed  FEELINGS")]
    rows = [*clash, *many(100)] if early else [clash[0], *many(100), *clash[1:]]
    manifest = chunked(tmp_path, a=rows)
    assert manifest["counts"]["contradictory_texts"] == 1
    assert manifest["counts"]["contradictory_dropped"] == 3
    assert manifest["counts"]["duplicates_dropped"] == 0
    assert "mixed" not in str(rows_of(tmp_path / "out"))


def test_neutral_rows_are_dropped_by_default(tmp_path: Path) -> None:
    """They are counted, and contradict nobody."""
    manifest = chunked(tmp_path, a=[*many(300, targets="024"), ("2", "sad day number 0")])
    assert manifest["counts"]["neutral_dropped"] == 101
    assert manifest["counts"]["contradictory_texts"] == 0
    assert "2" not in {row.target for rows in rows_of(tmp_path / "out").values() for row in rows}


def test_kept_neutral_rows_are_for_measuring_alone(tmp_path: Path) -> None:
    """In the held-out files beside the others, those of the train split in a file of their own."""
    manifest = chunked(tmp_path, Options(neutral="keep"), a=many(900, targets="024"))
    found = rows_of(tmp_path / "out")
    assert {row.target for row in found["neutral.csv"]} == {"2"}
    assert {row.target for row in found["test.csv"]} == {"0", "2", "4"}
    kept = [row for rows in found.values() for row in rows if row.target == "2"]
    assert len(kept) == 300
    assert all(row.target != "2" for name in found if name.startswith("chunk") for row in found[name])
    assert manifest["files"]["neutral.csv"]["rows"] == len(found["neutral.csv"])
    assert sum(manifest["splits"].values()) + len(found["neutral.csv"]) == 900


def test_a_neutral_row_can_be_an_error(tmp_path: Path) -> None:
    """Named by file and row."""
    with pytest.raises(BadInputError, match=r"a\.csv, row 11: label 2"):
        chunked(tmp_path, Options(neutral="error"), a=[*many(10), ("2", "well")])


def test_only_one_label_is_nothing_to_train_on(tmp_path: Path) -> None:
    """Told with the label that is missing, and nothing is written."""
    with pytest.raises(BadInputError, match="of label 4 no row is left"):
        chunked(tmp_path, a=many(50, targets="0"))
    assert not (tmp_path / "out").exists()


def test_the_manifest_accounts_for_every_row_and_file(tmp_path: Path) -> None:
    """Read = left out + kept, and every file that was read or written stands there with its hash."""
    rows = [
        *many(500, targets="00424"),
        *many(20),
        ("0", " \u200b "),
        ("4", "http://t.co/a"),
        ("4", "sad day number 0"),
    ]
    manifest = chunked(tmp_path, SMALL, a=rows, b=many(100, first=490))
    counts = manifest["counts"]
    left_out = ("neutral_dropped", "empty_after_cleaning", "duplicates_dropped", "contradictory_dropped")
    assert all(counts[name] > 0 for name in left_out)
    assert counts["read"] == len(rows) + 100
    assert counts["read"] == sum(counts[name] for name in left_out) + sum(manifest["splits"].values())
    assert counts["read"] == counts["label_0"] + counts["label_2"] + counts["label_4"]
    by_source = {n: sum(sum(t.values()) for t in s.values()) for n, s in manifest["splits_by_source"].items()}
    assert by_source == manifest["splits"]
    written = {f"Chunks/{name}": about["sha256"] for name, about in manifest["chunks"].items()}
    written |= {name: about["sha256"] for name, about in manifest["files"].items()}
    found = state(tmp_path / "out")
    del found["manifest.json"]
    assert written == found
    assert {name: about["rows"] for name, about in manifest["files"].items()} == {
        f"{name}.csv": size for name, size in manifest["splits"].items() if name != "train"
    }
    assert manifest["sources"] == {
        name: hashlib.sha256((tmp_path / f"{name}.csv").read_bytes()).hexdigest() for name in "ab"
    }
    assert manifest == manifest_of(tmp_path / "out")
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text("utf-8")


def test_files_of_one_name_are_one_source(tmp_path: Path) -> None:
    """A data set that comes in parts; the hash of each part is kept."""
    parts = [write_csv(tmp_path / f"{n}.csv", many(100, first=100 * n)) for n in range(2)]
    manifest = chunk([("mine", path) for path in parts], tmp_path / "out", Options(), 0)
    assert list(manifest["sources"]) == ["mine", "mine 2"]
    assert list(manifest["splits_by_source"]["train"]) == ["mine"]


def test_what_chunk_wrote_can_be_chunked_again(tmp_path: Path) -> None:
    """Every row comes back into the split it came from."""
    chunked(tmp_path, a=many(400))
    first = by_split(tmp_path / "out")
    files = [("again", tmp_path / "out" / f"{name}.csv") for name in ("validation", "test")]
    files += [("again", path) for path in sorted((tmp_path / "out" / "Chunks").iterdir())]
    chunk(files, tmp_path / "second", Options(), 0)
    second = by_split(tmp_path / "second")
    assert second["test"] == first["test"]
    assert sorted(second["train"]) == sorted(first["train"])


OLD = many(60)


@pytest.mark.parametrize(
    ("stranger", "named"),
    [
        ("notes.txt", r"out holds notes\.txt, which no folder of chunks has"),
        ("Chunks/mine.csv", r"out/Chunks holds mine\.csv, which chunk did not make"),
    ],
)
def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path, stranger: str, named: str) -> None:
    """What chunk did not make, it does not take away."""
    chunked(tmp_path, a=OLD)
    (tmp_path / "out" / stranger).write_text("mine")
    before = state(tmp_path)
    with pytest.raises(BadInputError, match=named):
        chunked(tmp_path, a=OLD)
    assert state(tmp_path) == before


def test_a_folder_that_chunk_did_not_make_is_refused(tmp_path: Path) -> None:
    """Files of the same names without a manifest may be anybody's; a file in the folder's place is too."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "test.csv").touch()
    with pytest.raises(BadInputError, match=r"is no folder of chunks \(no manifest\.json\)"):
        chunked(tmp_path, a=OLD)
    (tmp_path / "out" / "test.csv").rename(tmp_path / "test.csv")
    chunked(tmp_path, a=OLD)  # an empty one is as good as none
    with pytest.raises(BadInputError, match="is not a folder"):
        chunk([("a", tmp_path / "a.csv")], tmp_path / "test.csv", Options(), 0)


def test_an_input_inside_the_folder_to_replace_is_refused(tmp_path: Path) -> None:
    """It would be gone afterwards."""
    chunked(tmp_path, a=OLD)
    before = state(tmp_path)
    with pytest.raises(BadInputError, match=r"lies in .*out, which is to be replaced"):
        chunk([("a", tmp_path / "out" / "test.csv")], tmp_path / "out", Options(), 0)
    assert state(tmp_path) == before


def test_bad_input_leaves_the_old_data(tmp_path: Path) -> None:
    """A fault in the last row of the last file: nothing has changed, nothing lies beside."""
    chunked(tmp_path, a=OLD)
    before = state(tmp_path / "out")
    with pytest.raises(BadInputError, match=r"b\.csv, row 61 \(line 62\): label '9'"):
        chunked(tmp_path, a=OLD, b=[*OLD, ("9", "odd")])
    assert state(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "out"]
