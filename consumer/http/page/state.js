// The state in words. What is read aloud changes only when something begins or ends.

import { at, say } from "./dom.js";
import { time } from "./words.js";

const NAMES = { starting: "Starting", quiet: "Quiet", running: "Running", alarmed: "Alarmed" };
const AGAIN_SECONDS = 10;

let lostAt = null;
let shownAt = null;

export function showState({ at: now, state, about, started_at: started }) {
  if (lostAt !== null) return; // drawn anew because the window changed: nothing was heard
  const kinds = state.kinds.length ? `: ${state.kinds.join(", ")}` : "";
  name(state.name, NAMES[state.name] + kinds);
  reasons(state.reasons);
  shownAt = now;
  say("updated", `Told at ${time(now)}; the process runs since ${time(started)}.`);
  const model = about.model ? `model ${about.model} ${about.model_version}` : "no model yet";
  const input = about.topic ? `, topic ${about.topic}, group ${about.group}` : "";
  say("about", `Version ${about.version}, ${model}${input}`);
}

export function showAlone() {
  name("quiet", "No stream");
  reasons(["This process scores texts over HTTP alone; it reads no topic."]);
  say("updated", "");
}

export function showConnected() {
  document.body.classList.remove("lost");
  say("connection", "");
  if (lostAt !== null) {
    lostAt = null;
    say("again", "Connected again.");
    setTimeout(() => say("again", ""), AGAIN_SECONDS * 1000);
  }
}

export function showLost() {
  if (lostAt !== null) return;
  lostAt = Date.now() / 1000;
  document.body.classList.add("lost");
  name("lost", "Not connected");
  reasons([]);
  const age = shownAt === null ? "" : ` The numbers on this page are of ${time(shownAt)}.`;
  say("connection", `The connection to the process is lost since ${time(lostAt)}.${age} It is tried again every few seconds.`);
}

function name(state, text) {
  at("state").dataset.state = state;
  say("state-name", text);
  document.title = `${text} · Tweet sentiment`;
}

function reasons(sentences) {
  const list = at("reasons");
  while (list.children.length > sentences.length) list.lastElementChild.remove();
  sentences.forEach((sentence, place) => {
    const item = list.children[place] ?? list.appendChild(document.createElement("li"));
    if (item.textContent !== sentence) item.textContent = sentence;
  });
  list.hidden = !sentences.length;
}
