// What the explorers draw with. Each explorer's own script follows in the same text, so that
// nothing has to be fetched. Settings go to Python; what comes back in `shown` is drawn.

const SHARP = 2; // pixels of a canvas for each CSS pixel: maps stay crisp on a projector
const BLUE = [0, 114, 178]; // Okabe and Ito's colours, as in the figures
const ORANGE = [230, 159, 0];
const BLACK = [0, 0, 0];
const FRAME = "#d55e00";
const FAINT = 0.05; // of the scale: a value nearer to zero than this is not worth a hatch

const CONTROLS = ["button", "canvas", "input", "select"];

function make(parent, tag, properties = {}, attributes = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // Or JupyterLab takes the arrow keys; it asks the element with the focus first.
  if (CONTROLS.includes(tag)) element.setAttribute("data-lm-suppress-shortcuts", "true");
  return parent.appendChild(element);
}

function change(model, settings) {
  for (const [name, value] of Object.entries(settings)) model.set(name, value);
  model.save_changes();
}

// A widget from a function that builds its page once and gives back what draws it anew; where that
// has an `end`, it is called when the page is done with it.
function explorer(build) {
  return {
    render({ model, el }) {
      const root = make(el, "div", { className: "lenet-explorer" });
      const refresh = build(model, root);
      model.on("change", refresh);
      refresh();
      return () => {
        model.off("change", refresh);
        refresh.end?.();
      };
    },
  };
}

// --- drawing -------------------------------------------------------------------------------------

// White is zero, orange positive, blue negative; ink is black. limit is the darkest.
function shade(value, limit, positive = ORANGE) {
  const part = Math.min(1, Math.abs(value) / (limit || 1));
  const colour = value < 0 ? BLUE : positive;
  return `rgb(${colour.map((full) => Math.round(255 + (full - 255) * part)).join(" ")})`;
}

function largest(rows) {
  return Math.max(...rows.flat().map(Math.abs), 1e-9);
}

// A picture with a title above it and room for a line below.
function panel(parent, title, label = title) {
  const figure = make(parent, "figure");
  if (title) make(figure, "figcaption", { textContent: title });
  const canvas = make(figure, "canvas", {}, { role: "img", "aria-label": label });
  return { figure, canvas, line: make(figure, "div", { className: "note" }) };
}

function open(canvas, wide, high) {
  Object.assign(canvas, { width: wide * SHARP, height: high * SHARP });
  Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px` });
  const pen = canvas.getContext("2d");
  pen.scale(SHARP, SHARP);
  pen.fillStyle = "white"; // paper is white in every theme
  pen.fillRect(0, 0, wide, high);
  return pen;
}

function hatch(pen, x, y, side) {
  pen.strokeStyle = "rgb(0 0 0 / 0.65)";
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, y + side);
  pen.lineTo(x + side, y);
  pen.stroke();
}

// A map: negative values hatched, so that no sign is told by colour alone.
function paint(canvas, rows, cell, { limit = largest(rows), positive = ORANGE } = {}) {
  const pen = open(canvas, rows[0].length * cell, rows.length * cell);
  rows.forEach((values, row) =>
    values.forEach((value, column) => {
      pen.fillStyle = shade(value, limit, positive);
      pen.fillRect(column * cell, row * cell, cell, cell);
      if (value < -FAINT * limit) hatch(pen, column * cell, row * cell, cell);
    }),
  );
  return pen;
}

// A frame with a white rim, to be seen on white and on black.
function frame(pen, column, row, wide, high, cell, dashed = false) {
  const box = [column * cell, row * cell, wide * cell, high * cell];
  for (const [colour, width] of [["white", 5], [FRAME, 2.5]]) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.setLineDash(dashed && colour === FRAME ? [6, 4] : []);
    pen.strokeRect(...box);
  }
  pen.setLineDash([]);
}

// A table of numbers in white cells, shaded by value. The minus sign tells the sign.
function numbers(parent, title, rows, columns, fill) {
  const table = make(parent, "table", { className: "numbers" });
  make(table, "caption", { textContent: title });
  const body = make(table, "tbody");
  const cells = [];
  for (let row = 0; row < rows; row++) {
    const line = make(body, "tr");
    for (let column = 0; column < columns; column++) {
      const cell = make(line, "td");
      fill?.(cell, row, column);
      cells.push(cell);
    }
  }
  return cells;
}

function write(cells, texts, limit, positive = ORANGE) {
  cells.forEach((cell, at) => {
    const value = Number(texts[at]);
    cell.textContent = texts[at];
    colour(cell, value, limit, positive);
  });
}

function colour(element, value, limit, positive = ORANGE) {
  element.style.background = shade(value, limit, positive);
  const dark = positive === BLACK ? value > 0.54 * limit : value < -0.95 * limit; // 4.4 to 1 or more
  element.style.color = dark ? "white" : "black";
}

// --- operating -----------------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// Let a canvas choose a place, by arrow keys and by mouse. `spot` says which place lies under a
// point of the canvas, given in CSS pixels.
function steer(canvas, model, label, spot) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${label} Arrow keys move by one, with Shift by five.`);

  function go(row, column) {
    const [rows, columns] = model.get("shown").places;
    const within = (value, most) => Math.max(0, Math.min(value, most - 1));
    change(model, { row: within(row, rows), column: within(column, columns) });
  }

  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in ARROWS) || event.ctrlKey || event.metaKey || event.altKey) return;
    const [down, right] = ARROWS[event.key].map((way) => way * (event.shiftKey ? 5 : 1));
    go(model.get("row") + down, model.get("column") + right);
    event.preventDefault();
  });
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    go(...spot(event.clientX - box.left, event.clientY - box.top));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) point(event);
  });
}

// A name that no other element has: every explorer on a page has its own copy of this script.
function unique() {
  return `lenet-${Math.random().toString(36).slice(2)}`;
}

function labelled(parent, tag, text, properties) {
  const label = make(parent, "label", { textContent: text, className: "field" });
  const field = make(parent, tag, { id: unique(), ...properties });
  label.htmlFor = field.id;
  return field;
}

// A number typed or stepped by the arrow keys; what is no number yet is not sent.
function sends(field, send) {
  field.addEventListener("input", () => {
    if (field.value !== "") send(Number(field.value));
  });
}

// Show a value in a field, but never under the hand that is typing it.
function keep(field, value) {
  if (field.value === "" ? document.activeElement !== field : Number(field.value) !== value)
    field.value = value;
}

function slider(parent, model, name, text, least, most, step) {
  const line = make(parent, "div", { className: "slider" });
  const range = { type: "range", min: least, max: most, step };
  const field = labelled(line, "input", text, range);
  const told = make(line, "output", { htmlFor: field.id });
  field.addEventListener("input", () => change(model, { [name]: Number(field.value) }));
  return () => {
    field.value = model.get(name);
    told.textContent = Number(model.get(name).toFixed(2));
  };
}

function button(parent, text, press) {
  make(parent, "button", { type: "button", textContent: text }).addEventListener("click", press);
}

// What a screen reader speaks when it changes.
function said(parent) {
  const words = make(parent, "p", { className: "words" }, { role: "status" });
  return (text) => {
    if (words.textContent !== text) words.textContent = text;
  };
}
