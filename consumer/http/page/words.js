// Numbers as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (n) => whole.format(n);
export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;
export const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

export function rate(perSecond) {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond);
}

/** A span: 48 ms, 2.5 s, 62 s, 15 min, 3.0 h. */
export function span(seconds) {
  if (seconds < 1) return `${count(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${count(seconds)} s`;
  if (seconds < 7200) return `${count(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The stretch that a number is of: a young process has no more than its own age. */
export const stretch = (seconds) => `last ${span(Math.max(1, Math.round(seconds)))}`;
