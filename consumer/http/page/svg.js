// Drawing in an <svg> of the page at the size it has there, so that its text keeps its size.

export function canvas(svg) {
  while (svg.lastElementChild && svg.lastElementChild.localName !== "title") svg.lastElementChild.remove();
  const width = Math.max(svg.clientWidth, 120);
  const height = Math.max(svg.clientHeight, 40);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return { width, height };
}

export function draw(svg, name, attributes, text) {
  const made = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return svg.appendChild(made);
}

export function title(svg, text) {
  const place = svg.querySelector("title");
  if (place.textContent !== text) place.textContent = text;
}
