// One unit of a convolution: the window on the digit, 25 products, their sum, the bias, the squash.

const CELL = 8;

export default explorer((model, root) => {
  const [high, wide] = model.get("shown").kernel_size;
  const controls = make(root, "div", { className: "row middle" });
  const digit = labelled(make(controls, "div"), "select", "Digit");
  model.get("shown").titles.forEach((title, at) => make(digit, "option", { value: at, textContent: title }));
  digit.addEventListener("change", () => change(model, { digit: Number(digit.value) }));
  const plain = { type: "number", step: 0.1, className: "field" };
  const bias = labelled(make(controls, "div"), "input", "Bias", plain);
  sends(bias, (value) => change(model, { bias: value }));
  button(controls, "First kernel and bias", () => change(model, model.get("shown").first));

  const pictures = make(root, "div", { className: "row" });
  const image = panel(pictures, "the digit, and the window");
  const made = panel(pictures, "the map, and the unit");
  made.line.textContent = "orange above 0, blue and hatched below";
  steer(image.canvas, model, "The digit: moves the window.", (x, y) => [
    Math.floor(y / CELL) - Math.floor(high / 2), // the pointer is the window's middle
    Math.floor(x / CELL) - Math.floor(wide / 2),
  ]);
  steer(made.canvas, model, "The map: chooses the unit.", (x, y) => [
    Math.floor(y / CELL),
    Math.floor(x / CELL),
  ]);

  const sums = make(root, "div", { className: "row middle" });
  const seen = numbers(sums, "window", high, wide);
  make(sums, "span", { className: "sign", textContent: "×" });
  const weights = [];
  const kernel = numbers(sums, "kernel (type another weight)", high, wide, (cell, row, column) => {
    const field = make(cell, "input", { type: "number", step: 0.1 });
    field.setAttribute("aria-label", `weight, row ${row}, column ${column}`);
    sends(field, (value) => {
      const all = [...model.get("weights")];
      all[row * wide + column] = value;
      change(model, { weights: all });
    });
    weights.push(field);
  });
  make(sums, "span", { className: "sign", textContent: "=" });
  const products = numbers(sums, `${high * wide} products`, high, wide);
  const say = said(root);

  return () => {
    const shown = model.get("shown");
    const [row, column] = [model.get("row"), model.get("column")];
    digit.value = model.get("digit");
    keep(bias, model.get("bias"));
    frame(paint(image.canvas, shown.image, CELL, { positive: BLACK }), column, row, wide, high, CELL);
    frame(paint(made.canvas, shown.map, CELL), column, row, 1, 1, CELL);
    image.line.textContent = `row ${row}, column ${column}`;
    write(seen, shown.window, 1, BLACK);
    const values = model.get("weights");
    const darkest = largest([values]);
    weights.forEach((field, at) => {
      keep(field, values[at]);
      colour(kernel[at], values[at], darkest);
    });
    write(products, shown.products, largest([shown.products.map(Number)]));
    say(shown.words);
  };
});
