// Asks for the numbers again and again while somebody looks, and says so where no answer comes.

import { showConfidence } from "./confidence.js";
import { at } from "./dom.js";
import { showDrift } from "./drift.js";
import { showFlow } from "./flow.js";
import { showLatest, showLetters } from "./letters.js";
import { showSentiment } from "./sentiment.js";
import { showAlone, showConnected, showLost, showState } from "./state.js";
import { listen } from "./try.js";

const EVERY_MS = 2000;
const PATIENCE_MS = 5000;
const SHOWN_SECONDS = 900;

let paused = false;
let timer = 0;
let last = null;

async function look() {
  clearTimeout(timer);
  timer = 0;
  const answered = await ask();
  if (!paused && !document.hidden && !timer) timer = setTimeout(look, EVERY_MS);
  if (!answered) return showLost();
  showConnected();
  show();
}

async function ask() {
  try {
    const answer = await fetch("live.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return false;
    last = await answer.json();
    return true;
  } catch {
    return false;
  }
}

function show() {
  at("stream").hidden = last === null;
  if (last === null) return showAlone();
  showState(last);
  showFlow(last, SHOWN_SECONDS);
  showSentiment(last, SHOWN_SECONDS);
  showConfidence(last);
  showDrift(last);
  showLetters(last);
  showLatest(last);
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  if (paused) clearTimeout(timer);
  else look();
});
document.addEventListener("visibilitychange", () => document.hidden || paused || look());
addEventListener("resize", () => last && show());
listen();
look();
