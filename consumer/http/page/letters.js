// Dead letters by reason, and the last results where they are shown.

import { at, fill, say } from "./dom.js";
import { count, percent, span, stretch, time } from "./words.js";

export function showLetters({ dead_letters: letters, sentiment, at: now }) {
  say("letters-note", letters.length ? "The record told of is the last of its kind, by its place in the input." : "None since the start.");
  at("letters-table").hidden = !letters.length;
  say("letters-lately", stretch(sentiment.seconds));
  fill("letters-rows", letters.map((letter) => [
    { text: letter.reason.replaceAll("_", " "), small: `stage ${letter.stage}` },
    { text: `${span(Math.max(0, now - letter.at))} ago`, small: `${time(letter.at)}, ${letter.position}` },
    count(letter.lately), count(letter.total),
  ]), ["", "", "number", "number"]);
}

export function showLatest({ latest }) {
  at("latest").hidden = latest === null;
  const rows = latest?.map(({ label, confidence, text }) => [label, percent(confidence), text]) ?? [];
  fill("latest-rows", rows, ["", "number", "long"]);
}
