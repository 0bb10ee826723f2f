"use strict";
// The gallery at work: filters, pages and keys. Data: fauveState; drawing: fauveDraw.

(() => {
  const { data, total, read, write, select } = fauveState;
  const { load, draw, node } = fauveDraw;
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const shelf = document.getElementById("cards");
  const paging = document.getElementById("paging");
  const keys = document.getElementById("keys");
  const controls = {};
  let state = read();
  let places = [];
  let turn = 0;

  const count = (n) => n.toLocaleString("en");
  const lastPage = () => Math.max(1, Math.ceil(places.length / data.page));

  const option = (value, text) => {
    const made = node("option", "", text);
    made.value = value;
    return made;
  };

  const field = (name, label, control) => {
    const made = node("label", "", label);
    control.name = name;
    controls[name] = control;
    made.append(control);
    form.append(made);
    control.addEventListener("change", () => change({ [name]: control.value, page: "1" }));
  };

  const choice = (name, label, options, any) => {
    if (any !== undefined && options.length < 2) return;
    const made = document.createElement("select");
    if (any !== undefined) made.append(option("", any));
    made.append(...options);
    field(name, label, made);
  };

  const plain = (names) => names.map((name) => option(name, name));

  const groups = () => {
    const byKey = new Map();
    data.groups.forEach(([key, value], index) => {
      if (!byKey.has(key)) byKey.set(key, document.createElement("optgroup")).get(key).label = key;
      byKey.get(key).append(option(String(index), value));
    });
    return [...byKey.values()];
  };

  const build = () => {
    choice("study", "Study", plain(data.studies), "all");
    choice("generator", "Generator", plain(data.generators), "all");
    choice("dimension", "Asked for", plain(data.dimensions), "anything");
    const grouped = groups();
    if (data.groups.length > 1) choice("group", "Group", grouped.length > 1 ? grouped : [...grouped[0].children], "all");
    choice("voice", "Scorer", data.voices.map(([name], index) => option(String(index), name)), "any");
    choice("verdict", "Verdict", [option("o", "overruled the prompt"), option("k", "kept to the prompt"), option("t", "could not tell"), option("m", "gave no score")], "any");
    choice("order", "Order", [option("file", "as on file"), option("random", "random"), option("overruled", "overruled by most first"), option("kept", "kept by most first")]);
    const seed = document.createElement("input");
    Object.assign(seed, { type: "number", step: "1", inputMode: "numeric" });
    field("seed", "Seed", seed);
    const help = node("button", "", "Keys");
    help.type = "button";
    help.addEventListener("click", () => keys.showModal());
    form.append(help);
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
  };

  const reflect = () => {
    for (const [name, control] of Object.entries(controls)) control.value = state[name];
    controls.seed.closest("label").hidden = state.order !== "random";
    const one = state.voice !== "" || data.voices.length === 1;
    for (const entry of controls.order.options) {
      if (entry.value === "overruled" || entry.value === "kept") entry.disabled = !one;
    }
  };

  const ORDERS = { file: "in the order on file", random: "in a random order", overruled: "those first that were overruled by most", kept: "those first that were kept to by most" };
  const tell = (from, shown) => {
    const order = state.order === "random" ? `${ORDERS.random} (seed ${state.seed})` : ORDERS[state.order] ?? ORDERS.file;
    const of = places.length === total ? `all ${count(total)}` : `${count(places.length)} that fit, of ${count(total)}`;
    status.textContent = places.length
      ? `${count(from + 1)}–${count(from + shown)} of ${of}, ${order}. None was chosen by hand.`
      : `No pair fits. There are ${count(total)}; take a filter away.`;
  };

  const page = (name, to, disabled) => {
    const made = node("button", "", name);
    made.type = "button";
    made.disabled = disabled;
    made.addEventListener("click", () => go(to));
    return made;
  };

  const pages = () => {
    const at = Number(state.page);
    paging.hidden = lastPage() === 1;
    paging.replaceChildren(
      page("First", 1, at === 1),
      page("Previous", at - 1, at === 1),
      node("span", "at", `Page ${count(at)} of ${count(lastPage())}`),
      page("Next", at + 1, at === lastPage()),
      page("Last", lastPage(), at === lastPage()),
    );
  };

  const show = async () => {
    const mine = (turn += 1);
    places = select(state);
    state.page = String(Math.min(Math.max(1, Number.parseInt(state.page, 10) || 1), lastPage()));
    const from = (Number(state.page) - 1) * data.page;
    const shown = places.slice(from, from + data.page);
    try {
      await Promise.all([...new Set(shown.map((place) => Math.floor(place / data.chunk)))].map(load));
    } catch (error) {
      status.textContent = `${error.message}: the folder of this report is not complete.`;
      return;
    }
    if (mine !== turn) return;
    const cards = shown.map((place) => window.fauveCards[Math.floor(place / data.chunk)][place % data.chunk]);
    shelf.replaceChildren(...cards.map((card) => draw(card, data.judges)));
    reflect();
    pages();
    tell(from, shown.length);
    write(state);
  };

  const change = (some) => {
    state = { ...state, ...some };
    if (state.voice === "" && data.voices.length > 1 && ["overruled", "kept"].includes(state.order)) state.order = "file";
    if (data.voices.length === 1 && ["overruled", "kept"].includes(state.order)) state.voice = "0";
    return show();
  };

  const go = async (to) => {
    const page = String(Math.min(Math.max(1, to), lastPage()));
    if (page === state.page) return;
    await change({ page });
    focusCard(0, true);
  };

  const focusCard = (index, top) => {
    const card = shelf.children[index];
    if (!card) return;
    card.focus({ preventScroll: true });
    (top ? status : card).scrollIntoView({ block: "start" });
  };

  const step = (by) => {
    const at = [...shelf.children].findIndex((card) => card.contains(document.activeElement));
    focusCard(Math.min(Math.max(0, at + by), shelf.children.length - 1));
  };

  const reveal = () => {
    const box = document.activeElement.closest?.(".card")?.querySelector(".reveal");
    if (box) box.checked = !box.checked;
  };

  const judgeBy = (digit) => {
    if (controls.voice && digit <= data.voices.length) change({ voice: digit === 0 ? "" : String(digit - 1), page: "1" });
  };

  const onCard = () => document.activeElement?.classList.contains("card");
  const ACTIONS = {
    j: () => step(1),
    k: () => step(-1),
    n: () => go(Number(state.page) + 1),
    p: () => go(Number(state.page) - 1),
    ArrowRight: () => go(Number(state.page) + 1),
    ArrowLeft: () => go(Number(state.page) - 1),
    ArrowDown: () => onCard() && (step(1), true),
    ArrowUp: () => onCard() && (step(-1), true),
    r: reveal,
    f: () => form.querySelector("select, input")?.focus(),
    "?": () => keys.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("select, input:not(.reveal), textarea, summary, .scroller")) return;
    if (/^[0-9]$/.test(event.key)) return judgeBy(Number(event.key));
    const action = ACTIONS[event.key];
    if (!action) return;
    if (event.key.startsWith("Arrow") && action() === false) return;
    if (!event.key.startsWith("Arrow")) action();
    event.preventDefault();
  });
  window.addEventListener("hashchange", () => {
    state = read();
    show();
  });

  build();
  show();
})();
