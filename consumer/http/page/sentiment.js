// What the tweets say: the positive share over time.

import { at, fill, say } from "./dom.js";
import { line } from "./line.js";
import { title } from "./svg.js";
import { count, percent, span, stretch } from "./words.js";

export function showSentiment({ sentiment: now, steps }, seconds) {
  const results = now.positive + now.negative + now.neutral;
  const share = now.positive_ratio === null ? "–" : percent(now.positive_ratio);
  say("share", share);
  const neutral = now.neutral ? `, ${count(now.neutral)} neutral` : "";
  say("share-note", `${stretch(now.seconds)}: of ${count(results)} results ${count(now.positive)} are positive, ${count(now.negative)} negative${neutral}`);
  const chart = at("share-chart");
  const points = steps.map(([ago, , , positive]) => [ago, positive]);
  line(chart, points, seconds, 1, [[0, "0 %"], [0.5, "50 %"], [1, "100 %"]]);
  title(chart, `Positive share of the results, last ${span(seconds)}: ${share} in all`);
  fill("share-rows", minutes(steps), ["", "number", "number"]);
}

function minutes(steps) {
  const found = [];
  for (const [ago, , results, positive] of steps) {
    const minute = Math.floor(ago / 60);
    const sum = (found[minute] ??= { results: 0, positive: 0 });
    sum.results += results;
    sum.positive += Math.round((positive ?? 0) * results);
  }
  return found.map(({ results, positive }, minute) => [
    `${minute} to ${minute + 1}`, count(results), results ? percent(positive / results) : "–",
  ]).filter(Boolean);
}
