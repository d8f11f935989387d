// A window on a grid of pixels, and the map that it makes.

const WIDEST = 340; // CSS pixels of the grid of pixels, at most
const LARGEST = 26; // of one cell
const SKY = "#56b4e9";
const SEEN = "#e69f00";

export default explorer((model, root) => {
  const { limits } = model.get("shown");
  const sliders = make(root, "div");
  const names = { kernel_size: "kernel" };
  const refreshers = Object.entries(limits).map(([setting, [least, most]]) =>
    slider(sliders, model, setting, names[setting] ?? setting, least, most, 1),
  );
  const formula = make(root, "p", { className: "formula" });
  const pictures = make(root, "div", { className: "row" });
  const pixels = panel(pictures, "pixels, padding hatched, × left over");
  const map = panel(pictures, "the map");

  const cell = ({ side, reach }) => Math.min(LARGEST, Math.floor(WIDEST / Math.max(side, reach)));
  steer(pixels.canvas, model, "The pixels: moves the window.", (x, y) => {
    const shown = model.get("shown"); // the window's middle goes to the pointer, or near it
    const place = (at) => (Math.floor(at / cell(shown)) - Math.floor(shown.reach / 2)) / shown.stride;
    return [Math.round(place(y)), Math.round(place(x))];
  });
  steer(map.canvas, model, "The map: chooses the unit.", (x, y) =>
    [y, x].map((at) => Math.floor(at / cell(model.get("shown")))),
  );
  const say = said(root);

  // A pixel, padding (hatched), or a unit of the map.
  function square(pen, column, row, kind, size) {
    const [x, y] = [column * size, row * size];
    pen.fillStyle = kind === "pixel" ? SKY : "white";
    pen.fillRect(x, y, size, size);
    if (kind === "padding") hatch(pen, x, y, size);
    pen.strokeStyle = "#767676";
    pen.lineWidth = 1;
    pen.strokeRect(x, y, size, size);
  }

  // A number that the window takes: with a dot, so that colour is not all.
  function sample(pen, column, row, size) {
    const [x, y] = [column * size, row * size];
    pen.fillStyle = SEEN;
    pen.fillRect(x + size / 6, y + size / 6, size / 1.5, size / 1.5);
    pen.fillStyle = "black";
    pen.beginPath();
    pen.arc(x + size / 2, y + size / 2, size / 6, 0, 7);
    pen.fill();
  }

  // A pixel that no window reaches.
  function cross(pen, column, row, size) {
    pen.strokeStyle = "black";
    pen.lineWidth = 1.5;
    const [x, y, part] = [column * size, row * size, size / 3.5];
    pen.beginPath();
    pen.moveTo(x + part, y + part);
    pen.lineTo(x + size - part, y + size - part);
    pen.moveTo(x + size - part, y + part);
    pen.lineTo(x + part, y + size - part);
    pen.stroke();
  }

  return () => {
    const shown = model.get("shown");
    const { padding, side, reach, tops, lefts, places: [places], place: [row, column] } = shown;
    const size = cell(shown);
    refreshers.forEach((refresh) => refresh());
    formula.textContent = shown.formula;

    const room = Math.max(side, reach) * size; // a window that does not fit hangs over the border
    const pen = open(pixels.canvas, room, room);
    const inside = (at) => at >= padding && at < side - padding;
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        square(pen, x, y, inside(y) && inside(x) ? "pixel" : "padding", size);
        if (Math.max(x, y) >= side - shown.left_over) cross(pen, x, y, size);
      }
    for (const top of tops) for (const left of lefts) sample(pen, left + padding, top + padding, size);
    frame(pen, lefts[0] + padding, tops[0] + padding, reach, reach, size, places === 0);
    pixels.line.textContent = `${shown.size}×${shown.size}, with padding ${side}×${side}`;

    map.figure.hidden = places === 0;
    const paper = open(map.canvas, places * size, places * size);
    for (let y = 0; y < places; y++) for (let x = 0; x < places; x++) square(paper, x, y, "unit", size);
    sample(paper, column, row, size);
    frame(paper, column, row, 1, 1, size);
    map.line.textContent = `${places}×${places}`;
    say(shown.words);
  };
});
