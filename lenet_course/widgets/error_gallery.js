// Pictures of digits that were read wrongly, three fields that filter them, and what every layer
// makes of the one that is chosen.

const THUMBNAIL = 42; // CSS pixels of a small picture
const WIDEST = 700; // of a row of maps
const LARGEST = 56; // of one map
const DIGIT = 112; // of the digit itself, where a small gap is to be seen
const STRIP = 22; // CSS pixels high: units that have no place on a map
const GAP = 3; // between maps
const [CODE_WIDE, CODE_HIGH] = [7, 12]; // F6 as the picture that the codes of 1998 are

export default explorer((model, root) => {
  const filters = make(root, "div", { className: "row middle" });
  const field = (text, setting, options) => {
    const select = labelled(make(filters, "div"), "select", text);
    for (const [value, textContent] of options) make(select, "option", { value, textContent });
    const read = setting === "whose" ? String : Number;
    select.addEventListener("change", () => change(model, { [setting]: read(select.value) }));
    return () => (select.value = model.get(setting));
  };
  const digits = [[-1, "any"], ...Array.from({ length: 10 }, (_, digit) => [digit, digit])];
  const fields = [
    field("Read wrongly by", "whose", model.get("shown").groups.map((group) => [group, group])),
    field("Digit", "true", digits),
    field("Read as", "given", digits),
  ];
  const say = said(root);
  const grid = make(root, "div", { className: "gallery" }, { role: "listbox" });
  grid.setAttribute("aria-label", "Digits read wrongly. Arrow keys move, Enter shows the layers.");
  const legend = "What each layer of the network makes of the chosen digit, dark where a number is large:";
  make(root, "div", { className: "note", textContent: legend });
  const layers = make(root, "div", { className: "layers" });
  let drawn = "";

  function refreshGrid() {
    const { grid: entries, size } = model.get("shown");
    if (JSON.stringify(entries) !== drawn) {
      drawn = JSON.stringify(entries);
      const pixels = bytes("thumbnails");
      grid.replaceChildren();
      entries.forEach(([index, caption], place) => {
        const option = make(grid, "button", { type: "button", value: index }, { role: "option" });
        option.setAttribute("aria-label", `number ${index}, ${caption.replace("→", " read as ")}`);
        thumbnail(option, pixels, place, size);
        make(option, "span", { textContent: caption });
        option.addEventListener("click", () => change(model, { chosen: index }));
      });
    }
    const options = [...grid.children];
    const at = options.findIndex((option) => Number(option.value) === model.get("chosen"));
    options.forEach((option, number) => {
      option.setAttribute("aria-selected", number === at);
      option.tabIndex = number === at ? 0 : -1; // one stop for the Tab key
    });
  }

  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const options = [...grid.children];
    const at = options.indexOf(document.activeElement);
    const columns = options.filter((option) => option.offsetTop === options[0].offsetTop).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const ends = { Home: -at, End: options.length - 1 - at };
    const step = steps[event.key] ?? ends[event.key];
    if (at < 0 || step === undefined) return;
    options[at + step]?.focus();
    event.preventDefault();
  });

  function refreshLayers() {
    const pixels = bytes("layers");
    layers.replaceChildren();
    for (const layer of model.get("shown").layers) {
      const [count, high, wide] = layer.shape;
      const coded = layer.name === "F6" && count === CODE_WIDE * CODE_HIGH;
      const units = coded ? `${count} units, drawn as ${CODE_WIDE} by ${CODE_HIGH}` : `${count} units`;
      const what = high === 1 ? units : `${count} map${count > 1 ? "s" : ""} of ${high}×${wide}`;
      const row = make(layers, "div", { className: "layer" });
      make(row, "div", { className: "name", textContent: layer.name });
      if (layer.numbers) answers(row, layer.numbers);
      else {
        const canvas = make(row, "canvas", {}, { role: "img", "aria-label": `${layer.name}: ${what}` });
        const shape = coded ? [1, CODE_HIGH, CODE_WIDE] : [count, high, wide];
        maps(canvas, pixels.subarray(layer.at), ...shape, layer.name === "input" ? DIGIT : LARGEST);
      }
      make(row, "div", { className: "note", textContent: layer.numbers ? "" : what });
    }
  }

  function bytes(name) {
    const data = model.get(name);
    return new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
  }

  return () => {
    fields.forEach((refresh) => refresh());
    refreshGrid();
    refreshLayers();
    say(model.get("shown").words);
  };
});

function thumbnail(parent, pixels, place, [high, wide]) {
  const canvas = make(parent, "canvas", { width: wide, height: high }, { "aria-hidden": true });
  Object.assign(canvas.style, { width: `${THUMBNAIL}px`, height: `${(THUMBNAIL * high) / wide}px` });
  const paper = canvas.getContext("2d");
  const image = paper.createImageData(wide, high);
  for (let at = 0; at < high * wide; at++) {
    const grey = 255 - pixels[place * high * wide + at];
    image.data.set([grey, grey, grey, 255], 4 * at);
  }
  paper.putImageData(image, 0, 0);
}

// All maps of a layer side by side, dark where a number is large; units make a strip.
function maps(canvas, values, count, high, wide, largest) {
  const room = Math.min(largest, Math.floor(WIDEST / count) - GAP) / wide;
  const side = high === 1 ? Math.floor(WIDEST / count) : Math.max(1, Math.floor(room));
  const [gap, tall] = high === 1 ? [0, STRIP] : [GAP, side];
  const pen = open(canvas, count * (wide * side + gap) - gap, high * tall);
  for (let map = 0; map < count; map++)
    for (let row = 0; row < high; row++)
      for (let column = 0; column < wide; column++) {
        const grey = 255 - values[(map * high + row) * wide + column];
        pen.fillStyle = `rgb(${grey} ${grey} ${grey})`;
        pen.fillRect(map * (wide * side + gap) + column * side, row * tall, side, tall);
      }
  if (gap) separate(pen, count, wide * side, gap, high * tall);
}

// What lies between two maps is no number.
function separate(pen, count, side, gap, tall) {
  pen.fillStyle = "#767676";
  for (let map = 1; map < count; map++) pen.fillRect(map * (side + gap) - gap, 0, gap, tall);
}

// The ten outputs as numbers, below the digits that they stand for.
function answers(parent, texts) {
  const table = make(parent, "table", { className: "numbers" });
  const head = make(make(table, "thead"), "tr");
  texts.forEach((_, digit) => make(head, "th", { scope: "col", textContent: digit }));
  const line = make(make(table, "tbody"), "tr");
  write(texts.map(() => make(line, "td")), texts, largest([texts.map(Number)]), BLACK);
}
