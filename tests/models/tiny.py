"""A random DistilBERT, 32 wide and two layers deep, as a checkpoint and as an exported folder.

Its scores mean nothing, but they spread over (0, 1), and every path a real model takes is taken.
TensorFlow's start and the quantisation cost about 15 s: made once a session.
"""

from __future__ import annotations

import csv
import json
import random
import string
from pathlib import Path

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from consumer.label import sigmoid
from consumer.tokenise import Tokeniser

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("good", "bad", "love", "hate", "day", "phone", "the", "this", "is", "not", "very", "user", "face")
_LETTERS = string.ascii_lowercase + string.digits
VOCABULARY = (*SPECIAL, *WORDS, *string.punctuation, *_LETTERS, *(f"##{c}" for c in _LETTERS))
MAX_LENGTH = 32


def write_tokeniser(folder: Path) -> None:
    """``tokenizer.json`` and ``vocab.txt`` of a small uncased vocabulary, in BERT's form."""
    ids = {piece: i for i, piece in enumerate(VOCABULARY)}
    tokeniser = Tokenizer(WordPiece(ids, unk_token="[UNK]"))  # noqa: S106 - a word piece, no password
    tokeniser.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokeniser.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    tokeniser.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")


def random_texts(count: int, seed: int) -> list[str]:
    """Texts of one to twenty words of the vocabulary and a few letters of no word."""
    rng = random.Random(seed)
    return [
        " ".join(rng.choice((*WORDS, rng.choice(_LETTERS) * 2)) for _ in range(rng.randint(1, 20)))
        for _ in range(count)
    ]


def write_labelled(path: Path, count: int, seed: int, checkpoint: Path | None = None) -> Path:
    """A labelled csv of random texts; labels by turns, or drawn from what a checkpoint's model says."""
    texts = random_texts(count, seed)
    labels = [i % 2 for i in range(count)] if checkpoint is None else likely_labels(checkpoint, texts, seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("target", "text", "source"))
        rows.writerows((("0", "4")[label], text, "made") for label, text in zip(labels, texts, strict=True))
    return path


def likely_labels(checkpoint: Path, texts: list[str], seed: int) -> list[int]:
    """Labels drawn with the model's probabilities, at a third of its logits: it is right, and too sure."""
    from consumer.scoring.load import load_scorer  # noqa: PLC0415 - loads TensorFlow, only where asked for

    tokens = Tokeniser(checkpoint / "tokenizer.json", MAX_LENGTH)(texts)
    logits = load_scorer(checkpoint, "tensorflow").logits([t.ids for t in tokens])
    rng = random.Random(seed)
    return [int(rng.random() < sigmoid(float(logit) / 3)) for logit in logits]


def tiny_checkpoint(folder: Path) -> Path:
    """A checkpoint as ``training train`` leaves it: float16 weights, tokeniser, training configuration."""
    model = random_classifier()
    from training.fit.checkpoint import save_weights  # noqa: PLC0415 - loads TensorFlow, only where asked for

    folder.mkdir(parents=True)
    save_weights(model, folder)
    write_tokeniser(folder)
    config = {"hyper_parameters": {"max_length": MAX_LENGTH}, "started_from": "random"}
    (folder / "training-config.json").write_text(json.dumps(config))
    return folder


def random_classifier() -> object:
    """The Keras model; its head is made large so that scores spread."""
    import tf_keras  # noqa: PLC0415 - as above
    from transformers import DistilBertConfig, TFDistilBertForSequenceClassification  # noqa: PLC0415 - as above

    import consumer.scoring.tensorflow  # noqa: F401, PLC0415 - sets what TensorFlow must find at its start

    tf_keras.utils.set_random_seed(11)
    config = DistilBertConfig(
        vocab_size=len(VOCABULARY),
        max_position_embeddings=64,
        dim=32,
        n_layers=2,
        n_heads=4,
        hidden_dim=64,
        num_labels=1,
        initializer_range=0.2,
    )
    model = TFDistilBertForSequenceClassification(config)
    model(model.dummy_inputs)
    model.classifier.kernel.assign(model.classifier.kernel * 10.0)
    return model


def tiny_model(folder: Path) -> Path:
    """A complete, valid model folder at ``folder``, made by the real export."""
    from training.export import Plan, export  # noqa: PLC0415 - loads TensorFlow, only where asked for
    from training.ship.parity import Limits  # noqa: PLC0415 - as above

    work = folder.parent / f"{folder.name}-made-from"
    source = tiny_checkpoint(work / "checkpoint")
    data = write_labelled(work / "labelled.csv", 120, seed=1, checkpoint=source)
    plan = Plan(
        source=source,
        target=folder,
        version="0.0.1",
        calibration=(data,),
        validation=data,
        drift_reference=write_labelled(work / "drift_reference.csv", 80, seed=5, checkpoint=source),
        evaluate=(data,),
        samples=40,
        # Random weights are less forgiving than trained ones, and 120 rows are few.
        limits=Limits(agreement=0.9, mean_delta=0.05, accuracy_drop=0.1),
        golden_tolerance={"openvino": 0.3, "tensorflow": 0.005},
    )
    return export(plan).path
