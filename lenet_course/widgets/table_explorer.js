// Table I: a column for each map of C3; below, the maps that the chosen one reads, its kernels, the
// partial sums, and what they add up to.

const MAP = 6; // CSS pixels of a unit
const WEIGHT = 16;

export default explorer((model, root) => {
  const { table, titles, costs } = model.get("shown");
  const group = unique();
  const grid = make(root, "table", { className: "links" });
  make(grid, "caption", { textContent: "Who reads whom: choose a map of C3 (left and right)" });
  const head = make(make(grid, "thead"), "tr");
  make(head, "td", { textContent: "S2 ↓ · C3 →" });
  const choices = table.map((_, output) => {
    const label = make(make(head, "th", { scope: "col" }), "label", { textContent: output });
    const choice = make(label, "input", { type: "radio", name: group, value: output });
    choice.addEventListener("change", () => change(model, { number: output }));
    return choice;
  });
  const body = make(grid, "tbody");
  const marks = titles.map((title) => {
    const line = make(body, "tr");
    make(line, "th", { scope: "row", textContent: title });
    return table.map((_, output) => {
      const cell = make(line, "td");
      cell.addEventListener("click", () => choices[output].click());
      return cell;
    });
  });

  const costLines = make(root, "div", { className: "row costs" });
  const kinds = ["Table I", "full connection"].map((text, at) => {
    const label = make(costLines, "label");
    const kind = make(label, "input", { type: "radio", name: `${group}-kind` });
    make(label, "span", { textContent: ` ${text}: ${costs[at]}` });
    kind.addEventListener("change", () => change(model, { full: at === 1 }));
    return kind;
  });

  const steps = make(root, "table", { className: "steps" });
  const top = make(steps, "tr");
  make(top, "td");
  titles.forEach((title) => make(top, "th", { scope: "col", textContent: title }));
  const heading = make(top, "th", { scope: "col" });
  const [maps, kernels, partials] = ["map of S2", "× kernel", "= partial sum"].map((text) => {
    const line = make(steps, "tr");
    make(line, "th", { scope: "row", textContent: text });
    return titles.map((title) => panel(make(line, "td"), "", `${text}, ${title}`));
  });
  const total = panel(make(steps.rows[1], "td", { rowSpan: 3 }), "");
  steer(total.canvas, model, "The map of C3: chooses the unit.", (x, y) => [
    Math.floor(y / MAP / 2),
    Math.floor(x / MAP / 2),
  ]);
  const legend = "Orange above 0, blue and hatched below. Maps, kernels and sums: one scale each.";
  make(root, "div", { className: "note", textContent: legend });
  const say = said(root);

  return () => {
    const shown = model.get("shown");
    const [row, column, number] = ["row", "column", "number"].map((name) => model.get(name));
    choices.forEach((choice, output) => {
      choice.checked = output === number;
      choice.setAttribute("aria-label", `map ${output} of C3 reads ${shown.table[output].join(", ")}`);
      choice.closest("th").classList.toggle("chosen", output === number);
    });
    marks.forEach((line, source) =>
      line.forEach((cell, output) => {
        cell.textContent = shown.table[output].includes(source) ? "×" : "";
        cell.classList.toggle("chosen", output === number);
      }),
    );
    kinds.forEach((kind, at) => (kind.checked = model.get("full") === (at === 1)));

    const scales = [shown.maps, shown.kernels, [...shown.partial, shown.map]].map((maps) => largest(maps.flat()));
    titles.forEach((_, source) => {
      const at = shown.reads.indexOf(source);
      for (const { figure } of [maps, kernels, partials].map((line) => line[source])) figure.hidden = at < 0;
      top.cells[source + 1].classList.toggle("unread", at < 0);
      if (at < 0) return;
      const [high, wide] = [shown.kernels[at].length, shown.kernels[at][0].length];
      frame(paint(maps[source].canvas, shown.maps[at], MAP, { limit: scales[0] }), column, row, wide, high, MAP);
      paint(kernels[source].canvas, shown.kernels[at], WEIGHT, { limit: scales[1] });
      frame(paint(partials[source].canvas, shown.partial[at], MAP, { limit: scales[2] }), column, row, 1, 1, MAP);
      partials[source].line.textContent = shown.here[at];
    });
    frame(paint(total.canvas, shown.map, 2 * MAP, { limit: scales[2] }), column, row, 1, 1, 2 * MAP);
    heading.textContent = `map ${number} of C3`;
    total.line.textContent = `sum, and bias ${shown.bias}`;
    say(shown.words);
  };
});
