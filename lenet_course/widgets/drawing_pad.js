// A pad to draw on with mouse, pen, finger or keys. What is drawn goes to Python as grey bytes
// (0 paper, 255 ink) of width x height pixels; bytes set from Python appear on the pad.

const SHOWN = 280; // CSS pixels, and pixels of the canvas
const PEN = 20; // about a tenth of a large digit, as in MNIST
const HELP =
  "Drawing pad. Draw with mouse, pen or finger; or move the pen with the arrow keys, " +
  "put it down or lift it with space, undo with U, clear with C.";

function render({ model, el }) {
  const width = model.get("width");
  const height = model.get("height");
  const root = make(el, "div", { className: "lenet-pad" });
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab would take the arrow keys
  const page = make(root, "div", { className: "lenet-pad-page" });
  const canvas = make(page, "canvas", { width: SHOWN, height: SHOWN, tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", HELP);
  const cursor = make(page, "div", { className: "lenet-pad-cursor", ariaHidden: "true" });
  const undoButton = make(root, "button", { type: "button", textContent: "Undo" });
  const clearButton = make(root, "button", { type: "button", textContent: "Clear" });
  undoButton.setAttribute("aria-label", "Undo the last stroke");
  clearButton.setAttribute("aria-label", "Clear the drawing");
  const message = make(root, "div", { className: "lenet-pad-message" });
  message.setAttribute("role", "status");

  const ink = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(ink, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  const small = Object.assign(document.createElement("canvas"), { width, height });
  const grey = small.getContext("2d", { willReadFrequently: true });
  const earlier = []; // the drawing before each stroke, for undo
  let sent = new Uint8Array(); // the bytes that this view sent last: they come back as an echo
  let waiting = false;
  let last = null; // where the pen is, while it is down
  let pen = { x: SHOWN / 2, y: SHOWN / 2, down: false }; // the pen of the keyboard

  function wipe() {
    ink.fillStyle = "white";
    ink.fillRect(0, 0, SHOWN, SHOWN);
  }

  function read() {
    grey.drawImage(canvas, 0, 0, width, height);
    const pixels = grey.getImageData(0, 0, width, height).data;
    return Uint8Array.from({ length: width * height }, (_, at) => 255 - pixels[4 * at]);
  }

  function show() {
    const data = model.get("data");
    const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    const echo = bytes.length === sent.length && bytes.every((value, at) => value === sent[at]);
    if (last || echo || bytes.length !== width * height) return;
    wipe();
    const pixels = grey.createImageData(width, height);
    bytes.forEach((value, at) => pixels.data.set([255 - value, 255 - value, 255 - value, 255], 4 * at));
    grey.putImageData(pixels, 0, 0);
    ink.drawImage(small, 0, 0, SHOWN, SHOWN);
  }

  function send() {
    if (waiting) return; // once a frame is enough
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      sent = read();
      model.set("data", new DataView(sent.buffer.slice(0)));
      model.save_changes();
    });
  }

  function remember() {
    earlier.push(ink.getImageData(0, 0, SHOWN, SHOWN));
    if (earlier.length > 50) earlier.shift();
  }

  function line(from, to) {
    ink.beginPath();
    ink.moveTo(from.x, from.y);
    ink.lineTo(to.x + 0.01, to.y); // a line of no length would leave no dot
    ink.stroke();
    send();
  }

  function undo() {
    if (!earlier.length) return;
    ink.putImageData(earlier.pop(), 0, 0);
    send();
  }

  function clear() {
    remember();
    wipe();
    send();
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * SHOWN) / box.width,
      y: ((event.clientY - box.top) * SHOWN) / box.height,
    };
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    remember();
    last = place(event);
    line(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const step of event.getCoalescedEvents?.() ?? [event]) {
      const next = place(step);
      line(last, next);
      last = next;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));

  function showPen() {
    cursor.hidden = !canvas.matches(":focus-visible"); // whoever draws by hand needs no ring
    cursor.classList.toggle("down", pen.down);
    Object.assign(cursor.style, { left: `${pen.x}px`, top: `${pen.y}px` });
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (event.key in ARROWS) {
      const [right, down] = ARROWS[event.key].map((way) => way * (event.shiftKey ? 2 : 10));
      const within = (value) => Math.min(SHOWN - PEN / 2, Math.max(PEN / 2, value));
      const next = { x: within(pen.x + right), y: within(pen.y + down), down: pen.down };
      if (pen.down) line(pen, next);
      pen = next;
    } else if (key === " ") {
      pen.down = !pen.down;
      if (pen.down) remember();
      if (pen.down) line(pen, pen);
    } else if (key === "u") undo();
    else if (key === "c") clear();
    else return;
    event.preventDefault();
    showPen();
  });
  canvas.addEventListener("focus", showPen);
  canvas.addEventListener("blur", () => {
    pen.down = false;
    showPen();
  });
  undoButton.addEventListener("click", undo);
  clearButton.addEventListener("click", clear);

  const onMessage = () => (message.textContent = model.get("message"));
  model.on("change:data", show);
  model.on("change:message", onMessage);
  wipe();
  show();
  onMessage();
  showPen();
  return () => {
    model.off("change:data", show);
    model.off("change:message", onMessage);
  };
}

function make(parent, tag, properties) {
  return parent.appendChild(Object.assign(document.createElement(tag), properties));
}

export default { render };
