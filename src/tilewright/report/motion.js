// The array in motion: shows registers that the cycle-level model recorded, one cycle at a time.
(() => {
  "use strict";
  const holder = document.getElementById("motion");
  const source = document.getElementById("motion-data");
  if (!holder || !source) return;
  const NO_VECTOR = -2, DROPPED = -1;
  const KINDS = {b: Int8Array, h: Int16Array, i: Int32Array};
  const FIELDS = ["acts", "weights", "shadows", "psums", "valid", "words", "folds", "reads", "pixels", "vectors"];
  const motions = JSON.parse(source.textContent);
  const sign = number => String(number).replace("-", "−");

  async function unpack(packed) {
    const raw = Uint8Array.from(atob(packed.d), letter => letter.charCodeAt(0));
    const inflated = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new KINDS[packed.t](await new Response(inflated).arrayBuffer());
  }

  async function opened(motion) {
    const packed = FIELDS.filter(name => motion[name] && motion[name].d !== undefined);
    await Promise.all(packed.map(async name => { motion[name] = await unpack(motion[name]); }));
    return motion;
  }

  function element(name, parent, properties) {
    const made = Object.assign(document.createElement(name), properties);
    parent.append(made);
    return made;
  }

  let motion, at = 0, chosen = null, timer = 0, cells = [], outs = [];
  const fieldset = element("fieldset", holder);
  element("legend", fieldset, {textContent: "Dataflow"});
  const radios = motions.map((one, place) => {
    const label = element("label", fieldset);
    const radio = element("input", label, {type: "radio", name: "dataflow", value: place, checked: place === 0});
    label.append(" " + one.title + (place === 0 ? " (this run)" : ""));
    radio.addEventListener("change", () => show(place));
    return radio;
  });
  const controls = element("div", holder, {className: "controls"});
  const button = (words, action, className = "") => {
    const made = element("button", controls, {type: "button", textContent: words, className});
    made.addEventListener("click", action);
    return made;
  };
  const play = button("Play", () => timer ? stop() : start(), "main");
  button("Back", () => { stop(); go(at - 1); });
  button("Step", () => { stop(); go(at + 1); });
  const scrub = element("input", controls, {type: "range", min: 0, value: 0});
  scrub.setAttribute("aria-label", "Cycle");
  scrub.addEventListener("input", () => { stop(); go(Number(scrub.value)); });
  const pace = element("select", controls);
  pace.setAttribute("aria-label", "Cycles in a second");
  for (const rate of [1, 3, 8, 20]) element("option", pace, {value: rate, textContent: rate + " / s", selected: rate === 3});
  pace.addEventListener("change", () => { if (timer) { stop(); start(); } });
  const says = element("p", holder, {className: "says"});
  const stage = element("div", holder, {className: "stage"});
  const box = element("div", stage, {className: "scroll"});
  const plane = element("div", box, {className: "pes"});
  plane.setAttribute("role", "group");
  plane.setAttribute("aria-label", "Processing elements: arrow keys move, the text beside them names the registers");
  const registers = element("p", stage, {className: "registers"});
  registers.setAttribute("aria-live", "polite");

  function start() {
    if (at >= motion.cycles - 1) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => at < motion.cycles - 1 ? go(at + 1) : stop(), 1000 / Number(pace.value));
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }

  async function show(place) {
    stop();
    const next = await opened(motions[place]);
    if (!radios[place].checked) return;
    motion = next;
    scrub.max = motion.cycles - 1;
    at = motion.first;
    if (!chosen) chosen = liveliest();
    build();
    go(at);
    holder.dataset.dataflow = motion.title;
  }

  // The PE with the largest product in this cycle.
  function liveliest() {
    const [rows, cols] = motion.shown;
    let best = [0, 0], most = -1;
    for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) {
      const weights = halves(motion.weights, row, col);
      const product = halves(motion.acts, row, col).reduce((sum, act, half) => sum + Math.abs(act * weights[half]), 0);
      if (motion.valid[index(row, col)] === 1 && product > most) { most = product; best = [row, col]; }
    }
    return best;
  }

  function build() {
    const [rows, cols] = motion.shown;
    plane.replaceChildren();
    plane.style.gridTemplateColumns = "2rem repeat(" + cols + ", var(--cell))";
    cells = [];
    element("span", plane);
    for (let col = 0; col < cols; col++) element("span", plane, {textContent: "col " + col});
    for (let row = 0; row < rows; row++) {
      element("span", plane, {textContent: "row " + row});
      for (let col = 0; col < cols; col++) cells.push(pe(row, col));
    }
    element("span", plane, {textContent: "out"});
    outs = Array.from({length: cols}, () => element("span", plane, {className: "out"}));
    chosen = [Math.min(chosen[0], rows - 1), Math.min(chosen[1], cols - 1)];
  }

  function pe(row, col) {
    const made = element("button", plane, {type: "button", className: "pe", tabIndex: -1});
    made.append(document.createTextNode(""));
    element("b", made);
    const pick = () => { if (chosen[0] !== row || chosen[1] !== col) { chosen = [row, col]; draw(); } };
    made.addEventListener("focus", pick);
    made.addEventListener("click", pick);
    made.addEventListener("pointerenter", event => { if (event.pointerType === "mouse") pick(); });
    return made;
  }

  plane.addEventListener("keydown", event => {
    const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!move) return;
    event.preventDefault();
    const [rows, cols] = motion.shown;
    const row = Math.max(0, Math.min(rows - 1, chosen[0] + move[0]));
    const col = Math.max(0, Math.min(cols - 1, chosen[1] + move[1]));
    cells[row * cols + col].focus();
  });

  // Index into a register of one number a PE, and into one of a number for each half.
  const index = (row, col, cycle = at) => (cycle * motion.shown[0] + row) * motion.shown[1] + col;
  const halves = (numbers, row, col) => Array.from({length: motion.halves}, (_, half) =>
    numbers[((at * motion.halves + half) * motion.shown[0] + row) * motion.shown[1] + col]);

  function go(cycle) {
    at = Math.max(0, Math.min(motion.cycles - 1, cycle));
    scrub.value = at;
    scrub.setAttribute("aria-valuetext", "cycle " + (at + 1) + " of " + motion.cycles);
    draw();
  }

  function draw() {
    const [rows, cols] = motion.shown;
    for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) drawPe(row, col);
    const pixel = motion.pixels[at];
    outs.forEach((out, col) => {
      out.textContent = pixel === NO_VECTOR ? "" : sign(motion.vectors[at * cols + col]);
      out.className = pixel >= 0 ? "out kept" : "out";
    });
    says.textContent = sentence(pixel);
    registers.textContent = explain(chosen[0], chosen[1]);
  }

  function drawPe(row, col) {
    const cell = cells[row * motion.shown[1] + col], place = index(row, col);
    const acts = halves(motion.acts, row, col), weights = halves(motion.weights, row, col);
    const isOn = motion.valid[place] === 1;
    const isIdle = acts.every((act, half) => act * weights[half] === 0);
    const isChosen = row === chosen[0] && col === chosen[1];
    cell.firstChild.data = acts.map((act, half) => act + "×" + sign(weights[half])).join(" ");
    cell.lastChild.textContent = sign(motion.psums[place]);
    cell.className = "pe" + (isOn ? " on" : "") + (isOn && isIdle ? " idle" : "") + (isOn && motion.words[place] === 0 ? " head" : "");
    cell.tabIndex = isChosen ? 0 : -1;
    cell.setAttribute("aria-pressed", isChosen);
  }

  function fold(number) {
    const [, itiles, taps] = motion.grid, inner = number % (itiles * taps);
    if (motion.stay) return "pass " + inner;
    return "fold " + number + " (input tile " + Math.floor(inner / taps) + ", tap " + inner % taps + ")";
  }

  function sentence(pixel) {
    const reads = ["no word is read", "a weight word is read", "an activation word is read",
      "an activation word and a weight word are read"][motion.reads[at]];
    let words = "Cycle " + (at + 1) + " of " + motion.cycles;
    if (motion.total > motion.cycles) words += " shown, of " + motion.total.toLocaleString("en") + " of the layer";
    words += ": " + reads;
    if (motion.valid[index(0, 0)] === 1) words += "; word " + motion.words[index(0, 0)] + " of " + fold(motion.folds[index(0, 0)]) + " enters";
    if (pixel === DROPPED) words += "; a vector arrives that no pixel needs, and is dropped";
    if (pixel >= 0) words += "; the psums of pixel " + pixel + " arrive at the accumulator";
    return words + ".";
  }

  function explain(row, col) {
    const place = index(row, col), acts = halves(motion.acts, row, col), weights = halves(motion.weights, row, col);
    const psum = motion.psums[place], before = at > 0 ? motion.psums[index(row, col, at - 1)] : 0;
    const north = at > 0 && row > 0 ? motion.psums[index(row - 1, col, at - 1)] : 0;
    let words = "PE in row " + row + ", column " + col + ": ";
    if (motion.valid[place] === 1) {
      const isFirst = motion.words[place] === 0;
      const base = motion.stay ? (isFirst ? 0 : before) : north;
      const origin = motion.stay ? (isFirst ? "from 0" : "from its own sum") : (row ? "from the PE above" : "from the edge");
      const products = acts.map((act, half) => act + " × " + sign(weights[half])).join(" + ");
      words += "psum " + sign(base) + " " + origin + " + " + products + " = " + sign(psum);
      words += "; activation word " + motion.words[place] + " of " + fold(motion.folds[place]);
    } else if (psum !== before) {
      words += "takes the sum " + sign(psum) + " from above on its way out";
    } else {
      words += "no activation; it holds psum " + sign(psum) + ", activation " + acts.join(" and ") + ", weight " + weights.map(sign).join(" and ");
    }
    if (motion.shadows) words += "; next weight on its way: " + halves(motion.shadows, row, col).map(sign).join(" and ");
    return words + ".";
  }

  show(0).then(
    () => { holder.dataset.ready = Math.round(performance.now()); },
    () => { holder.textContent = "This browser cannot unpack the recorded registers: it lacks DecompressionStream."; },
  );
})();
