"use strict";
// What the gallery shows: filters, order and page as plain values, kept in the address so that a view can be shared.

const fauveState = (() => {
  const data = window.fauveGallery;
  const items = data.items;
  const total = items.codes.length;
  const VERDICTS = { o: "o", k: "k", t: "eu", m: "m" };
  const DEFAULTS = { study: "", generator: "", dimension: "", group: "", voice: "", verdict: "", order: "file", seed: "1", page: "1" };

  const read = () => ({ ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))) });

  const write = (state) => {
    const kept = Object.entries(state).filter(([key, value]) => key in DEFAULTS && value !== DEFAULTS[key]);
    const text = new URLSearchParams(kept).toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  const said = (place, state) => (state.voice === "" ? items.codes[place] : items.codes[place][Number(state.voice)] ?? "-");

  const passes = (place, state) => {
    if (state.study !== "" && data.studies[items.study[place]] !== state.study) return false;
    if (state.generator !== "" && data.generators[items.generator[place]] !== state.generator) return false;
    if (state.dimension !== "" && !items.dimensions[place].some((d) => data.dimensions[d] === state.dimension)) return false;
    if (state.group !== "" && !items.groups[place].includes(Number(state.group))) return false;
    if (state.voice !== "" && said(place, state) === "-") return false;
    if (state.verdict === "") return true;
    return [...(VERDICTS[state.verdict] ?? "")].some((code) => said(place, state).includes(code));
  };

  // Mulberry32: small, seeded, the same in every browser.
  const generator = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const shuffled = (places, seed) => {
    const draw = generator(seed);
    const made = [...places];
    for (let i = made.length - 1; i > 0; i -= 1) {
      const j = Math.floor(draw() * (i + 1));
      [made[i], made[j]] = [made[j], made[i]];
    }
    return made;
  };

  const byMargin = (places, state) => {
    const voice = Number(state.voice);
    const sign = state.order === "overruled" ? 1 : -1;
    const known = places.filter((place) => items.margins[place][voice] !== null);
    return known.sort((a, b) => sign * (items.margins[a][voice] - items.margins[b][voice]) || a - b);
  };

  // Margins of different scorers have different units, so an order by margin needs one scorer.
  const ordered = (places, state) => {
    if (state.order === "random") return shuffled(places, Number.parseInt(state.seed, 10) || 0);
    if (state.order === "file" || state.voice === "") return places;
    return byMargin(places, state);
  };

  const select = (state) => {
    const places = [];
    for (let place = 0; place < total; place += 1) if (passes(place, state)) places.push(place);
    return ordered(places, state);
  };

  return { data, total, DEFAULTS, read, write, select };
})();
