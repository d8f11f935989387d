// A map of C1, and what the unit of 1998, the average, the sum and the maximum make of it.

const CELL = 5; // CSS pixels of a number of C1; a unit of S2 is twice as wide, so all are one size

export default explorer((model, root) => {
  const { limits, presets, halves } = model.get("shown");
  const controls = make(root, "div", { className: "row middle" });
  const sliders = make(controls, "div");
  const refreshers = [
    slider(sliders, model, "coefficient", "coefficient", ...limits.coefficient, 0.1),
    slider(sliders, model, "bias", "bias", ...limits.bias, 0.5),
  ];
  for (const [name, [coefficient, bias]] of Object.entries(presets))
    button(controls, name, () => change(model, { coefficient, bias }));

  const pictures = make(root, "div", { className: "row" });
  const spot = (x, y) => [Math.floor(y / CELL / 2), Math.floor(x / CELL / 2)];
  const c1 = panel(pictures, "C1");
  c1.line.textContent = "the framed four";
  const panels = Object.keys(halves).map((way) => [way, panel(pictures, way)]);
  for (const [title, { canvas }] of [["C1", c1], ...panels])
    steer(canvas, model, `${title}: chooses the unit.`, spot);
  const legend = "Orange above 0, where the unit of 1998 fires; blue and hatched below. Each map has its own scale.";
  make(root, "div", { className: "note", textContent: legend });
  const say = said(root);

  return () => {
    const shown = model.get("shown");
    const [row, column] = [model.get("row"), model.get("column")];
    refreshers.forEach((refresh) => refresh());
    frame(paint(c1.canvas, shown.map, CELL), 2 * column, 2 * row, 2, 2, CELL);
    for (const [way, { canvas, line }] of panels) {
      frame(paint(canvas, shown.halves[way], 2 * CELL), column, row, 1, 1, 2 * CELL);
      line.textContent = `${shown.here[way]} (${shown.ranges[way]})`;
    }
    say(shown.words);
  };
});
