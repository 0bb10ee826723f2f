"use strict";
// The dials at work. All pictures, truths and places were computed beforehand and stand in fauvePlay.

(() => {
  const data = window.fauvePlay;
  const at = (id) => document.getElementById(id);
  const form = at("dials");
  const status = at("status");
  const rows = [...document.querySelectorAll(".jury tbody tr")];
  const fields = [...document.querySelectorAll("#map tbody tr")].map((row) => [...row.querySelectorAll("td")]);
  const sheets = new Map();
  const steps = data.strengths.length - 1;

  const DEFAULTS = { prompt: "0", who: "dial", taste: "0", hold: "0", kind: "neg", seed: "0" };

  const fits = (name, value) => {
    const control = form.elements[name];
    if (control instanceof RadioNodeList) return [...control].some((radio) => radio.value === value);
    if (control.type === "range") return /^\d+$/.test(value) && Number(value) <= Number(control.max);
    return [...control.options].some((option) => option.value === value);
  };

  const read = () => {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (name in DEFAULTS && fits(name, value)) form.elements[name].value = value;
    }
  };

  const write = (state) => {
    const kept = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
    const text = new URLSearchParams(kept).toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  const load = (source) => {
    if (!sheets.has(source)) {
      const image = new Image();
      image.src = source;
      sheets.set(source, image.decode().then(() => image));
    }
    return sheets.get(source);
  };

  // A slow sheet must not overwrite what was asked for after it.
  let turn = 0;
  const paint = async (source, places) => {
    const mine = (turn += 1);
    try {
      const sheet = await load(source);
      if (mine !== turn) return;
      for (const [canvas, place] of places) {
        const left = (place % data.columns) * data.size;
        const top = Math.floor(place / data.columns) * data.size;
        canvas.getContext("2d").drawImage(sheet, left, top, data.size, data.size, 0, 0, data.size, data.size);
      }
    } catch {
      status.textContent = `The pictures in ${source} could not be loaded; is the whole folder there?`;
    }
  };

  const node = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  };

  const words = (segments) => segments.map(([text, asked]) => node(asked ? "em" : "span", asked ? "asked" : "", text));

  const ticks = (asks, met) =>
    asks.map(([text, added], index) => {
      const entry = node("li", `${met[index] ? "met" : "unmet"}${added ? "" : " given"}`, "");
      const sign = node("span", "", met[index] ? "✓" : "✗");
      sign.setAttribute("aria-hidden", "true");
      entry.append(sign, node("span", "unseen", met[index] ? "honoured:" : "not honoured:"), ` ${text}`);
      return entry;
    });

  const honoured = (asks, met) => {
    const added = asks.map(([, extra], index) => [extra, met[index]]).filter(([extra]) => extra);
    return `${added.filter(([, ok]) => ok).length} of its ${added.length} added wishes honoured`;
  };

  const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

  const told = (choice) => {
    const side = (sign) => data.scorers.filter((_, index) => choice[index] === sign);
    const [asked, plain] = [side(1), side(-1)];
    if (!asked.length && !plain.length) return "The two sentences give one and the same picture.";
    const all = asked.length + plain.length === choice.length ? "All scorers" : "All scorers that tell them apart";
    if (!plain.length) return `${all} would choose the picture that was asked for.`;
    if (!asked.length) return `${all} would choose the plain sentence’s picture.`;
    return `They disagree: ${listed(asked)} would choose the picture that was asked for, ${listed(plain)} the plain one.`;
  };

  const CHOSEN = { 1: "what was asked for", "-1": "the plain one", 0: "neither" };
  const jury = (below, other, choice) =>
    rows.forEach((row, index) => {
      [below[index], other[index]].forEach((count, side) => {
        const field = row.querySelectorAll("td")[side];
        field.querySelector(".bar").style.setProperty("--part", `${(100 * count) / data.reference}%`);
        field.querySelector(".rank").textContent = `above ${count} of ${data.reference}`;
        field.classList.toggle("won", choice[index] === (side ? -1 : 1));
      });
      row.querySelector(".chosen").textContent = CHOSEN[choice[index]];
    });

  const reflect = (state) => {
    const idle = state.who !== "dial";
    const taste = at("taste");
    const said = `${Math.round(data.dials[Number(state.taste)] * 100)} %`;
    taste.disabled = idle;
    taste.setAttribute("aria-valuetext", `${said} of the way`);
    at("taste-dial").toggleAttribute("data-idle", idle);
    at("taste-said").textContent = idle ? "not for this painter" : said;
    const strength = data.strengths[Number(state.hold)];
    at("hold").setAttribute("aria-valuetext", strength ? `strength ${strength}` : "not held");
    at("hold-said").textContent = strength || "";
    for (const radio of form.elements.kind) radio.disabled = !strength;
  };

  const where = (state) => {
    const place = state.who === "dial" ? Number(state.taste) : data.dials.length + Number(state.who);
    const hold = Number(state.hold);
    return [place, hold && hold + (state.kind === "neg" ? steps : 0)];
  };

  const show = () => {
    const state = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, form.elements[name].value]));
    reflect(state);
    write(state);
    const prompt = data.prompts[Number(state.prompt)];
    const seed = Number(state.seed);
    const [place, guidance] = where(state);
    const way = place * (2 * steps + 1) + guidance;
    const [asked, plain] = [prompt.asked[way][seed], prompt.plain[place][seed]];
    const [[met, below, seen], [plainMet, plainBelow, plainSeen]] = [asked, plain].map((n) => prompt.pictures[seed][n]);
    const choice = prompt.choice[way][seed];
    at("negative").textContent = prompt.negative;
    at("asked-words").replaceChildren(...words(prompt.after));
    at("asked-count").textContent = honoured(prompt.asks, met);
    at("plain-words").textContent = `“${prompt.before}”`;
    at("asked-ticks").replaceChildren(...ticks(prompt.asks, met));
    at("plain-ticks").replaceChildren(...ticks(prompt.asks, plainMet));
    at("asked-picture").setAttribute("aria-label", `Picture: ${seen}`);
    at("plain-picture").setAttribute("aria-label", `Picture: ${plainSeen}`);
    jury(below, plainBelow, choice);
    fields.forEach((row, r) => row.forEach((field, c) => field.classList.toggle("here", r === place && c === guidance)));
    status.textContent = `${honoured(prompt.asks, met)}. ${told(choice)}`;
    paint(prompt.sheets[seed], [[at("asked-picture"), asked], [at("plain-picture"), plain]]);
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", show);
  window.addEventListener("hashchange", () => { form.reset(); read(); show(); });
  at("player").hidden = false;
  form.reset();
  read();
  show();
})();
