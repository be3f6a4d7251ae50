// Every watched signal: its score, what chance reaches, and what follows.

import { at, fill, say } from "./dom.js";
import { draw } from "./svg.js";
import { count, percent } from "./words.js";

const WIDEST = 2; // critical values that the scale shows

export function showDrift({ drift: { tweets, least_tweets: least, smallest, signals, expected_accuracy: expected }, labelled }) {
  say("drift-note", note(tweets, least, smallest, signals));
  at("drift-table").hidden = !signals.length;
  const worst = [...signals].sort((one, other) => other.score / other.critical - one.score / one.critical);
  fill("drift-rows", worst.map((signal) => [
    signal.words, signal.score.toFixed(3), signal.critical.toFixed(3),
    { text: verdict(signal), name: signal.alarm ? "bad" : "" },
  ]), ["", "number", "number", ""]);
  worst.forEach((signal, row) => scale(at("drift-rows").rows[row].cells[0], signal));
  say("expected", expected === null ? "" : `Expected accuracy: ${percent(expected)}, by the model's own confidence.`);
  say("measured", labelled.accuracy === null ? "" : measured(labelled));
}

function measured({ accuracy, results, expected }) {
  return `Measured accuracy: ${percent(accuracy)} of ${count(results)} results whose true label came; their confidence promised ${percent(expected)}.`;
}

function note(tweets, least, smallest, signals) {
  if (tweets < least) return `Nothing is said yet: the window holds ${count(tweets)} of the ${count(least)} tweets it needs.`;
  if (!signals.length) return "The model has no reference to hold the stream against.";
  return `Population stability index of the last ${count(tweets)} tweets against the model's reference. An alarm wants it above the critical value and above ${smallest}.`;
}

function verdict({ score, critical, alarm }) {
  if (alarm) return "drifted";
  return score > critical ? "sure, too small to matter" : "within chance";
}

function scale(cell, { score, critical, alarm }) {
  const svg = cell.querySelector("svg") ?? cell.appendChild(empty());
  svg.replaceChildren();
  const share = Math.min(1, score / critical / WIDEST);
  draw(svg, "rect", { class: "track", width: 100, height: 8 });
  draw(svg, "rect", { class: alarm ? "value bad" : "value", width: 100 * share, height: 8 });
  draw(svg, "rect", { class: "limit", x: 100 / WIDEST - 0.5, width: 1, height: 8 });
}

/** Only for the eye: the numbers stand beside it. */
function empty() {
  const svg = document.createElementNS(at("share-chart").namespaceURI, "svg");
  svg.setAttribute("class", "scale");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}
