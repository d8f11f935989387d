// A run while it goes on, with two buttons; afterwards its errors pass by pass, over those of 1998.

const WIDE = 398; // CSS pixels of a diagram
const HIGH = 240;
const MARGIN = { left: 52, right: 16, top: 10, bottom: 40 };
const PAPER = "#767676";
const LOWEST = 0.1; // percent, where the scale of errors begins
const HIGHEST = 100;
const UNHEARD = 2500; // milliseconds after which a kernel that says nothing is taken not to listen
const FRAME_TIME = 700; // milliseconds a pass in the replay
const LOOKS = {
  training: { dash: [6, 4], mark: "circle", colour: "#0072b2" },
  validation: { dash: [], mark: "square", colour: FRAME },
  test: { dash: [], mark: "square", colour: PAPER },
};
const WAITS =
  "The buttons are not heard while the cell runs: this Jupyter hands presses on only when it has " +
  "ended. The kernel's own stop button (■, in the toolbar) works, and ends the run between two steps.";

export default explorer((model, root) => {
  const controls = make(root, "div", { className: "row middle" });
  const pause = press(controls, "Pause", () => tell(model.get("shown").state === "paused" ? "go on" : "pause"));
  const stop = press(controls, "Stop", () => tell("stop"));
  const say = said(controls);
  const note = make(root, "div", {}, { role: "status" });
  const pictures = make(root, "div", { className: "row" });
  const loss = panel(pictures, "loss, mean of the last 25 steps", "Loss against step");
  const error = panel(pictures, "errors by passes, yours and in 1998", "Errors against pass");
  const legend = "Filled marks: yours. Open and grey: figure 5 of 1998. Circles: training; squares: validation, in 1998 test.";
  make(root, "div", { className: "note", textContent: legend });

  const replay = make(root, "div", { className: "row middle" });
  const follow = slider(replay, model, "upto", "up to pass", 0, 0, 1);
  const range = replay.querySelector("input");
  const play = press(replay, "Replay", () => (playing ? halt() : begin()));
  const tellPass = said(root);

  let asked = 0; // the run in which the kernel was last asked whether it listens
  let playing = null;

  function tell(what) {
    model.send({ press: what, run: model.get("shown").run });
  }

  // Does the kernel listen while the cell runs? It answers at once, or when it is too late.
  function ask(run) {
    asked = run;
    tell("listen");
    setTimeout(() => {
      if (asked === run && model.get("shown").state === "training") note.textContent = WAITS;
    }, UNHEARD);
  }

  function hear(message) {
    if (message.heard !== asked) return;
    asked = -asked; // no need to wait any more
    note.textContent = "";
  }

  function begin() {
    change(model, { upto: 1 });
    playing = setInterval(next, FRAME_TIME);
    play.textContent = "Halt";
  }

  function next() {
    const { passes, state } = model.get("shown");
    if (!root.isConnected || running(state) || model.get("upto") >= passes) return halt();
    change(model, { upto: model.get("upto") + 1 });
    if (model.get("upto") >= passes) halt();
  }

  function halt() {
    clearInterval(playing);
    playing = null;
    play.textContent = "Replay";
  }

  function refresh() {
    const shown = model.get("shown");
    const runs = running(shown.state);
    if (runs && Math.abs(asked) !== shown.run) ask(shown.run);
    if (!runs) note.textContent = "";
    pause.textContent = shown.state === "paused" ? "Go on" : "Pause";
    for (const one of [pause, stop]) one.disabled = !runs;
    range.max = shown.passes;
    range.min = Math.min(1, shown.passes);
    for (const one of [range, play]) one.disabled = runs || shown.passes === 0;
    follow();

    const top = Math.max(0, ...shown.losses.map(([, value]) => value)) || 2.5;
    // The axis doubles as the run goes on: a long plan would leave its beginning a hair's breadth.
    const seen = Math.max(100, 2 ** Math.ceil(Math.log2(1 + shown.steps)));
    const pen = diagram(loss.canvas, [0, Math.min(seen, shown.total || 100)], [0, 1.05 * top], "step");
    pen.line(shown.losses, { colour: LOOKS.training.colour, dash: [] });
    const last = shown.loss ? `, loss ${shown.loss}` : "";
    loss.line.textContent = `step ${shown.steps} of ${shown.total}${last}`;

    const furthest = Math.max(21, shown.passes);
    const plot = diagram(error.canvas, [0, furthest + 0.5], [LOWEST, HIGHEST], "pass", true);
    for (const [name, points] of Object.entries(shown.paper))
      plot.line(points, { ...LOOKS[name], colour: PAPER, open: true });
    for (const [name, points] of Object.entries(shown.ours)) plot.line(points, LOOKS[name]);
    error.line.textContent = "errors in percent, each line of the scale ten times the one below";
    error.canvas.setAttribute("aria-label", `Errors against pass. ${shown.told}`);
    say(shown.words);
    tellPass(shown.told);
  }

  model.on("msg:custom", hear);
  return Object.assign(refresh, {
    end() {
      model.off("msg:custom", hear);
      halt();
    },
  });
});

function running(state) {
  return state === "training" || state === "paused";
}

function press(parent, text, action) {
  button(parent, text, action);
  return parent.lastElementChild;
}

// Axes on white paper; gives what draws lines on them. The vertical axis may be logarithmic.
function diagram(canvas, [left, right], [low, high], label, logarithmic = false) {
  const pen = open(canvas, WIDE, HIGH);
  const inner = { wide: WIDE - MARGIN.left - MARGIN.right, high: HIGH - MARGIN.top - MARGIN.bottom };
  const scale = logarithmic ? Math.log10 : (value) => value;
  const x = (value) => MARGIN.left + (inner.wide * (value - left)) / (right - left);
  const y = (value) => {
    const part = (scale(Math.min(high, Math.max(low, value))) - scale(low)) / (scale(high) - scale(low));
    return MARGIN.top + inner.high * (1 - part);
  };
  Object.assign(pen, { fillStyle: "black", font: "13px sans-serif", lineWidth: 1 });
  const across = round((right - left) / 5);
  pen.textAlign = "center";
  for (let value = left; value <= right; value += across) pen.fillText(value, x(value), HIGH - 22);
  pen.fillText(label, MARGIN.left + inner.wide / 2, HIGH - 5);
  pen.textAlign = "right";
  const up = logarithmic ? [0.1, 1, 10, 100] : multiples(round(high / 4), high);
  for (const value of up) {
    pen.fillText(Number(value.toFixed(6)), MARGIN.left - 6, y(value) + 4);
    stroke(pen, [[MARGIN.left, y(value)], [WIDE - MARGIN.right, y(value)]], "#cccccc", 1, []);
  }
  const corner = [[MARGIN.left, MARGIN.top], [MARGIN.left, y(low)], [WIDE - MARGIN.right, y(low)]];
  stroke(pen, corner, "black", 1, []);
  return {
    line(points, { colour, dash, mark, open: hollow }) {
      const places = points.map(([across, up]) => [x(across), y(up)]);
      stroke(pen, places, colour, hollow ? 1.5 : 2.5, dash);
      for (const place of mark ? places : []) draw(pen, place, mark, colour, hollow);
    },
  };
}

function stroke(pen, places, colour, width, dash) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width });
  pen.setLineDash(dash);
  pen.beginPath();
  places.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  pen.setLineDash([]);
}

function draw(pen, [x, y], mark, colour, hollow) {
  const size = hollow ? 3 : 4.5;
  pen.beginPath();
  if (mark === "circle") pen.arc(x, y, size, 0, 7);
  else pen.rect(x - size, y - size, 2 * size, 2 * size);
  Object.assign(pen, { strokeStyle: colour, lineWidth: 1.5, fillStyle: hollow ? "white" : colour });
  pen.fill();
  pen.stroke();
}

// 1, 2 or 5 times a power of ten, not below the value.
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((times) => times * power >= value * 0.999);
}

function multiples(step, most) {
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => at * step);
}
