// The box for a text: it asks the endpoint that programs use.

import { at } from "./dom.js";
import { percent } from "./words.js";

export function listen() {
  at("try-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("send").disabled = true;
    tell(...(await ask(at("text").value)));
    at("send").disabled = false;
  });
}

async function ask(text) {
  let answer;
  try {
    answer = await fetch("predict", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ texts: [text] }),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    return ["Not scored", "The process does not answer."];
  }
  const body = await answer.json().catch(() => null);
  return answer.ok && body?.results?.length ? verdict(body.results[0]) : ["Not scored", refusal(answer, body)];
}

function verdict({ label, probability, confidence, truncated, message }) {
  if (!label) return ["Not scored", `It cannot be labelled: ${message ?? "no reason given"}.`];
  const cut = truncated ? " It was cut at the model's maximum length." : "";
  return [label, `Confidence ${percent(confidence)}; probability that it is positive ${percent(probability)}.${cut}`];
}

function refusal(answer, body) {
  const wait = answer.headers.get("retry-after");
  switch (answer.status) {
    case 404: return "This consumer offers no scoring over HTTP (POST predict is not there).";
    case 413: return "The text is too long.";
    case 422: return `The text was refused: ${body?.message ?? "no reason given"}.`;
    case 429: return `Too many ask at once. ${again(wait)}`;
    case 503: return `Not now: ${body?.message ?? "the process is not ready"}. ${again(wait)}`;
    default: return `The process answered with ${answer.status}.`;
  }
}

const again = (seconds) => `Try again ${seconds ? `in ${seconds} s` : "soon"}.`;

function tell(headline, sentence) {
  const first = document.createElement("b");
  first.textContent = headline;
  const second = document.createElement("p");
  second.textContent = sentence;
  at("verdict").replaceChildren(first, second);
}
