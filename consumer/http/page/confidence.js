// How sure the model is of this stream's tweets, beside how sure it was of its reference's.

import { at, fill, say } from "./dom.js";
import { canvas, draw, title } from "./svg.js";
import { count, percent, stretch } from "./words.js";

const FOLDED = 5; // the bounds up to 0.5, below which there is something only with a threshold of one's own
const LEFT = 44;
const BOTTOM = 18;
const TOP = 10;
const TICK = 30; // the widest name of a bin

export function showConfidence({ confidence: { seconds, bounds, stream, reference } }) {
  const results = sum(stream);
  say("confidence-note", `${stretch(seconds)}: ${count(results)} results; the share of them in each bin`);
  at("confidence-legend").hidden = !reference;
  const names = bounds.slice(FOLDED - 1).map(String);
  const here = shares(stream);
  const there = reference && shares(reference);
  bars(at("confidence-chart"), names, here, there);
  const told = (share) => (share === undefined || share === null ? "–" : percent(share));
  fill("confidence-rows", names.map((name, bin) => [name, told(results ? here[bin] : null), told(there?.[bin])]), ["", "number", "number"]);
  const surest = (found) => percent(found.at(-1) + found.at(-2));
  const beside = there ? `; of the reference's ${surest(there)}` : "; there is no reference to hold it against";
  title(at("confidence-chart"), results ? `Above 0.975 sure: ${surest(here)} of the results${beside}` : "No results lately");
}

/** Counts, one more than bounds, in bins from "up to 0.5" on. */
function shares(counts) {
  const folded = [sum(counts.slice(0, FOLDED)), ...counts.slice(FOLDED, -1)];
  folded[folded.length - 1] += counts.at(-1); // above 1 there is nothing
  const all = sum(folded) || 1;
  return folded.map((n) => n / all);
}

const sum = (counts) => counts.reduce((total, n) => total + n, 0);

function bars(svg, names, here, there) {
  const { width, height } = canvas(svg);
  const most = Math.max(0.05, ...here, ...(there ?? []));
  const step = (width - LEFT) / names.length;
  const y = (share) => height - BOTTOM - ((height - TOP - BOTTOM) * share) / most;
  for (const share of [0, most / 2, most]) {
    draw(svg, "line", { class: "axis", x1: LEFT, x2: width, y1: y(share), y2: y(share) });
    draw(svg, "text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share, 0));
  }
  here.forEach((share, bin) => {
    draw(svg, "rect", { class: "bin", x: LEFT + bin * step + 1, y: y(share), width: step - 2, height: y(0) - y(share) });
  });
  if (there) {
    const path = there.map((share, bin) => `${LEFT + bin * step} ${y(share)}H${LEFT + (bin + 1) * step}`);
    draw(svg, "path", { class: "reference", d: `M${path.join("L")}` });
  }
  names.forEach((name, bin) => {
    if (bin % 4) return;
    const x = Math.min(LEFT + (bin + 1) * step, width - TICK / 2); // the last one would be cut on a phone
    draw(svg, "text", { x, y: height - 3, "text-anchor": "middle" }, name);
  });
}
