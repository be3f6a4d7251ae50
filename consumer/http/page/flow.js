// Rate, lag and latency.

import { at, fill, pairs, say } from "./dom.js";
import { line } from "./line.js";
import { title } from "./svg.js";
import { count, rate, span, stretch } from "./words.js";

export function showFlow(found, seconds) {
  showRate(found, seconds);
  showLag(found.lag);
  showLatency(found.latency);
}

function showRate({ rate: now, totals, steps }, seconds) {
  say("rate", rate(now.per_second));
  say("rate-note", `${stretch(now.seconds)}, committed`);
  const points = steps.map(([ago, perSecond]) => [ago, perSecond]);
  const most = Math.max(1, ...points.map(([, value]) => value));
  const chart = at("rate-chart");
  line(chart, points, seconds, most, [[0, "0"], [most, rate(most)]]);
  title(chart, `Records a second, last ${span(seconds)}: at most ${rate(most)}, now ${rate(now.per_second)}`);
  pairs("totals", [
    ["consumed since the start", count(totals.consumed)],
    ["labelled", count(totals.scored)],
    ["dead-lettered", count(totals.dead_lettered)],
    ["skipped", count(totals.skipped)],
  ]);
}

function showLag({ records, seconds, assigned, partitions }) {
  say("lag", records === null ? "–" : count(records));
  say("lag-seconds", records === null ? "–" : seconds ? span(seconds) : "0 s");
  const known = records === null ? "; how far behind is not known yet" : "";
  say("lag-note", `${count(assigned)} ${assigned === 1 ? "partition is" : "partitions are"} read here${known}`);
  at("lag-details").hidden = !partitions.length;
  fill("lag-rows", partitions.map(([topic, number, behind]) => [topic, number, count(behind)]), ["long", "number", "number"]);
}

function showLatency(stretches) {
  ["latency-short", "latency-long"].forEach((id, place) => say(id, stretch(stretches[place].seconds)));
  const told = (value) => (value === null ? "–" : span(value));
  const rows = ["p50", "p95", "p99"].map((name) => [name, ...stretches.map((one) => told(one[name]))]);
  rows.push(["results", ...stretches.map((one) => count(one.results))]);
  fill("latency-rows", rows, ["", "number", "number"]);
}
