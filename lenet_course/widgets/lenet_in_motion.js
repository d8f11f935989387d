// A drawing on its way through one or two networks: preparation, layers, F6 and its code, bars.

const GAP = 1; // CSS pixels between two maps
const ALONE = 432; // CSS pixels for the maps of a network: there is so much room beside the pad
const ONE_OF_TWO = 342; // and so much below it for each of two
const LABEL = 66; // for a layer's name before its maps
const UNITS = 30; // in a row of a layer whose units have no place
const CODE_WIDE = 7; // pixels of a code, and of F6 as a picture
const STEPS = [
  ["1. drawn", "The drawing, with a frame around its ink", 1.5, 70],
  ["2. fitted", "The ink, fitted into 20 by 20 pixels", 5, 20],
  ["3. centred", "The digit in 28 by 28 pixels, with a frame around the middle of its ink", 4, 28],
];
const MELTING = 2000; // milliseconds, from F6 to its code

const motion = matchMedia("(prefers-reduced-motion: reduce)");

// A colour for each byte, plain and hatched, as a canvas stores it.
function palette(positive) {
  const colours = { plain: new Uint32Array(256), hatched: new Uint32Array(256) };
  for (let byte = 0; byte < 256; byte++) {
    const value = byte < 128 ? byte : byte - 256;
    const rgb = shade(value, 127, positive).match(/\d+/g).map(Number);
    const pack = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
    colours.plain[byte] = pack(rgb);
    const dark = rgb.map((part) => Math.round(0.35 * part));
    colours.hatched[byte] = pack(value < -FAINT * 127 ? dark : rgb);
  }
  return colours;
}

const PALETTES = { ink: palette(BLACK), signed: palette(ORANGE) };

// Many small maps at once, pixel by pixel: rectangles would be too slow while someone draws.
// values: a signed byte a number, map after map; null paints paper.
function raster(canvas, values, [count, high, wide], cell, inRow, gap, { plain, hatched }) {
  const [side, apart] = [cell * SHARP, gap * SHARP];
  const columns = Math.min(count, inRow);
  const width = columns * (wide * side + apart) - apart;
  const height = Math.ceil(count / inRow) * (high * side + apart) - apart;
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    Object.assign(canvas.style, { width: `${width / SHARP}px`, height: `${height / SHARP}px` });
  }
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let map = 0; map < count; map++) {
    const left = (map % inRow) * (wide * side + apart);
    const top = Math.floor(map / inRow) * (high * side + apart);
    for (let y = 0; y < high * side; y++) {
      const from = (map * high + Math.floor(y / side)) * wide;
      const to = (top + y) * width + left;
      for (let x = 0; x < wide * side; x++) {
        const byte = values ? values[from + Math.floor(x / side)] : 0;
        pixels[to + x] = ((x + y) % 8 === 0 ? hatched : plain)[byte];
      }
    }
  }
  pen.putImageData(image, 0, 0);
  pen.setTransform(SHARP, 0, 0, SHARP, 0, 0);
  return pen;
}

function bytes(view) {
  return view ? new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength) : null;
}

// How large a number of a layer is drawn, and how many maps stand in a row: maps of two layers with
// as many are of one size, so that each stands below the map that it was made from.
function arrange([count, high, wide], room) {
  if (wide === 1) return { cell: Math.floor(room / 36), inRow: UNITS, gap: 0 };
  const most = Math.min(room / 5.3, room / Math.min(count, 16) - GAP);
  const cell = Math.max(1, Math.floor((most * SHARP) / wide)) / SHARP;
  return { cell, inRow: Math.floor((room + GAP) / (wide * cell + GAP)), gap: GAP };
}

function preparation(parent) {
  const row = make(parent, "div", { className: "row preparation" });
  const panels = STEPS.map(([title, label]) => panel(row, title, label));
  return (steps) =>
    panels.forEach(({ canvas, line }, at) => {
      const [, , cell, side] = STEPS[at];
      const { size, values, mark, note } = steps[at] ?? { size: [side, side], mark: [], note: "" };
      const pen = raster(canvas, bytes(values), [1, ...size], cell, 1, 0, PALETTES.ink);
      if (mark.length) frame(pen, mark[1], mark[0], mark[3], mark[2], cell);
      line.textContent = note;
    });
}

// Ten bars from a common zero, with their numbers.
function bars(parent, caption) {
  const table = make(parent, "table", { className: "outputs" });
  make(table, "caption", { textContent: caption });
  const rows = [];
  for (let digit = 0; digit < 10; digit++) {
    const row = make(table, "tr");
    make(row, "th", { scope: "row", textContent: digit });
    const bar = make(make(row, "td", { className: "bar" }), "div");
    rows.push({ row, bar, told: make(row, "td"), mark: make(row, "td", { className: "mark" }) });
  }
  return ({ outputs, texts, answer }) => {
    const [least, most] = [Math.min(0, ...(outputs ?? [])), Math.max(0, ...(outputs ?? []))];
    const percent = (value) => (100 * value) / (most - least || 1);
    rows.forEach(({ row, bar, told, mark }, digit) => {
      const value = outputs?.[digit] ?? 0;
      row.classList.toggle("chosen", digit === answer);
      bar.hidden = !outputs;
      bar.classList.toggle("negative", value < 0);
      bar.style.marginLeft = `${percent(Math.min(0, value) - least)}%`;
      bar.style.width = `${percent(Math.abs(value))}%`;
      told.textContent = texts?.[digit] ?? "";
      mark.textContent = digit === answer ? "◀" : "";
    });
  };
}

// F6 on its way into the code of the answer.
function melting(parent, model, root) {
  const line = make(parent, "div", { className: "melting" });
  const refresh = slider(line, model, "melt", "melt", 0, 100, 5);
  button(line, "Melt", () => {
    const start = performance.now();
    const step = (now) => {
      if (!root.isConnected) return; // the cell has run again
      const part = motion.matches ? 1 : Math.max(0, Math.min(1, (now - start) / MELTING));
      change(model, { melt: Math.round(100 * part) });
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  return refresh;
}

// A layer's name and size, and a canvas for its maps; gives what paints them.
function layer(parent, title, { name, shape }, room) {
  const [count, high, wide] = shape;
  const size = wide === 1 ? `${count}` : count === 1 ? `${high}×${wide}` : `${count}@${high}×${wide}`;
  const line = make(parent, "div", { className: "layer" });
  const label = make(line, "div", { className: "name", textContent: name });
  make(label, "div", { className: "note", textContent: size });
  const said = `${title}, ${name}: ${size.replace("@", " maps of ")}${wide === 1 ? " units" : ""}`;
  const canvas = make(line, "canvas", {}, { role: "img", "aria-label": said });
  const colours = name === "input" ? PALETTES.ink : PALETTES.signed;
  const { cell, inRow, gap } = arrange(shape, room);
  return ({ values }) => raster(canvas, bytes(values?.[name]), shape, cell, inRow, gap, colours);
}

// F6 as a picture, beside it the code that it melts into, where the network has codes.
function pictures(parent, { title, has_codes }, room, model, root) {
  const box = make(parent, "div", { className: "f6" });
  const row = make(box, "div", { className: "row middle" });
  const f6 = panel(row, "F6", `${title}, F6 as a picture of 7 by 12`);
  const code = has_codes && panel(row, "code", `${title}, the code of its answer`);
  const refresh = has_codes && melting(box, model, root);
  const words = make(box, "div", { className: "note" });
  const cell = Math.floor(room / 34);
  const picture = ({ canvas }, view) =>
    raster(canvas, bytes(view), [84, 1, 1], cell, CODE_WIDE, 0, PALETTES.signed);
  return (network) => {
    picture(f6, network.picture ?? network.values?.F6);
    words.textContent = network.f6 ?? "";
    if (!code) return;
    picture(code, network.code);
    code.figure.firstChild.textContent = network.code ? `code of ${network.answer}` : "code";
    refresh();
  };
}

// One network from its input down to its bars.
function column(parent, network, room, model, root) {
  const { title, layers, caption } = network;
  const section = make(parent, "section", {}, { "aria-label": title });
  section.style.width = `${room + LABEL}px`;
  make(section, "div", { className: "title", textContent: title });
  const above = layers.filter(({ name }) => name !== "F6");
  const shows = above.map((each) => layer(section, title, each, room));
  const end = make(section, "div", { className: "row" });
  if (above.length < layers.length) shows.push(pictures(end, network, room, model, root));
  const answers = make(end, "div");
  shows.push(bars(answers, caption));
  const told = make(answers, "div", { className: "note" });
  return (network) => {
    shows.forEach((show) => show(network));
    told.textContent = network.told ?? "";
  };
}

export default explorer((model, root) => {
  const { networks } = model.get("shown");
  const prepare = preparation(root);
  const prepared =
    "The ink in its box is fitted into 20×20, then placed so that its middle lies nearest to row 14, " +
    "column 14 of 28×28. A network that reads 32×32 adds a border: that is its input.";
  make(root, "div", { className: "note", textContent: prepared });
  const say = said(root);
  const legend =
    "Orange above 0, blue and hatched below; each layer has a scale of its own, and the input is ink.";
  const alone = networks.length === 1;
  make(root, "div", { className: "note", textContent: legend });
  const columns = make(root, "div", { className: alone ? "row" : "row below" });
  const room = alone ? ALONE : ONE_OF_TWO;
  const shows = networks.map((network) => column(columns, network, room, model, root));
  return () => {
    const shown = model.get("shown");
    prepare(shown.steps);
    shows.forEach((show, at) => show(shown.networks[at]));
    say(shown.words);
  };
});
