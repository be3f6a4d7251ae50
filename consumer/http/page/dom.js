// Small ways to change the page only where something changed, so that readers and selections stay put.

export const at = (id) => document.getElementById(id);

export function say(id, text) {
  const place = at(id);
  if (place.textContent !== text) place.textContent = text;
}

/**
 * Rows of cells; a cell is a text, or {text, small, name} with a smaller second line and a class.
 * A column is "", "number", or "long" where one word may be wider than the window.
 */
export function fill(id, rows, columns) {
  const body = at(id);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, place) => {
    const row = body.rows[place] ?? body.insertRow();
    cells.forEach((cell, column) => put(row.cells[column] ?? add(row, column, columns), cell));
  });
}

function add(row, column, columns) {
  const cell = document.createElement(column ? "td" : "th");
  if (!column) cell.scope = "row";
  if (columns[column]) cell.classList.add(columns[column]);
  return row.appendChild(cell);
}

function put(cell, what) {
  const { text, small = "", name = "" } = typeof what === "string" ? { text: what } : what;
  const key = JSON.stringify([text, small, name]);
  if (cell.dataset.key === key) return;
  cell.dataset.key = key;
  cell.classList.toggle("bad", name === "bad");
  cell.textContent = text;
  if (small) cell.appendChild(document.createElement("small")).textContent = small;
}

/** Terms and what is told of them. */
export function pairs(id, told) {
  const list = at(id);
  told.forEach(([term, text], place) => {
    const [name, value] = [2 * place, 2 * place + 1].map(
      (index) => list.children[index] ?? list.appendChild(document.createElement(index % 2 ? "dd" : "dt")),
    );
    name.textContent = term;
    if (value.textContent !== text) value.textContent = text;
  });
}
