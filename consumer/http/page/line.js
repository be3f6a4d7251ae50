// A line over time, now at the right; a gap where there is nothing to tell.

import { canvas, draw } from "./svg.js";

const LEFT = 44;
const RIGHT = 6;
const TOP = 12;
const BOTTOM = 18;

/** Points are [seconds ago, value or null]; marks are [value, text] for the axis. */
export function line(svg, points, seconds, most, marks) {
  const { width, height } = canvas(svg);
  const x = (ago) => width - RIGHT - ((width - LEFT - RIGHT) * ago) / seconds;
  const y = (value) => height - BOTTOM - ((height - TOP - BOTTOM) * value) / (most || 1);
  for (const [value, text] of marks) {
    draw(svg, "line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) });
    draw(svg, "text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, text);
  }
  draw(svg, "text", { x: width - RIGHT, y: height - 3, "text-anchor": "end" }, "now");
  draw(svg, "text", { x: LEFT, y: height - 3 }, `${Math.round(seconds / 60)} min ago`);
  for (const part of parts(points.filter(([ago]) => ago <= seconds))) {
    const path = part.map(([ago, value]) => `${x(ago).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
    draw(svg, "path", { class: "line", d: `M${path}` });
    if (part.length === 1) draw(svg, "circle", { class: "dot", cx: x(part[0][0]), cy: y(part[0][1]), r: 2.5 });
  }
}

function parts(points) {
  const found = [[]];
  for (const point of points) {
    if (point[1] === null) found.push([]);
    else found.at(-1).push(point);
  }
  return found.filter((part) => part.length);
}
