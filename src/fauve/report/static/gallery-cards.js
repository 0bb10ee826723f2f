"use strict";
// Draws cards from their chunks. Every text reaches the page through textContent: prompts are hostile until shown.

const fauveCards = window.fauveCards ?? (window.fauveCards = {});

const fauveDraw = (() => {
  const node = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const waiting = new Map();
  const load = (chunk) => {
    if (fauveCards[chunk]) return Promise.resolve();
    if (!waiting.has(chunk)) {
      waiting.set(chunk, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `gallery/cards-${String(chunk).padStart(4, "0")}.js`;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`${script.src} cannot be read`));
        document.head.append(script);
      }));
    }
    return waiting.get(chunk);
  };

  const where = (card) => {
    const line = node("p", "where");
    line.append(node("span", "number", card.n));
    for (const part of [card.study, card.generator]) if (part) line.append(node("span", "", part));
    for (const [key, value] of card.groups) line.append(node("span", "", `${key} ${value}`));
    line.append(node("span", "", `no. ${card.id}`));
    return line;
  };

  const prompt = (card) => {
    const heading = node("h2", "prompt");
    heading.dir = "auto";
    for (const [text, asked] of card.prompt) heading.append(asked ? node("em", "asked", text) : text);
    return heading;
  };

  const MARKS = { honoured: "✓", "not honoured": "✗" };
  const tags = (card, judges) => {
    const list = node("ul", "tags");
    list.setAttribute("aria-label", "What was requested");
    for (const tag of card.tags) {
      const entry = node("li", "", tag.name);
      for (const [judge, said] of tag.judges) {
        const mark = node("span", `said ${said.replaceAll(" ", "-")}`);
        mark.title = `${said}, says ${judge}`;
        const sign = node("span", "", MARKS[said] ?? "?");
        sign.setAttribute("aria-hidden", "true");
        mark.append(sign, node("span", "unseen", `${said}, says ${judge}`));
        if (judges > 1) mark.append(` ${judge}`);
        entry.append(" ", mark);
      }
      list.append(entry);
    }
    return list;
  };

  const picture = (image) => {
    const figure = node("figure", "picture");
    if (image.src) {
      const shown = document.createElement("img");
      Object.assign(shown, { width: image.width, height: image.height, alt: image.alt, loading: "lazy", decoding: "async" });
      if (image.enlarged) shown.className = "enlarged";
      shown.src = image.src;
      const link = node("a", "open");
      link.href = image.src;
      link.dataset.stored = image.stored;
      link.append(shown);
      figure.append(link);
    } else {
      figure.append(node("p", "absent", image.missing));
    }
    const caption = node("figcaption");
    caption.append(node("span", "role", image.role));
    const loud = image.scores.filter(([, , quiet]) => !quiet);
    if (loud.length) {
      const scores = node("span", "scores");
      for (const [name, value] of loud) {
        const score = node("span", "score");
        score.append(node("span", "name", name), " ", node("span", "value", value));
        scores.append(score);
      }
      caption.append(scores);
    }
    if (image.credit) caption.append(node("span", "credit", image.credit));
    figure.append(caption);
    return figure;
  };

  const lines = (said) => {
    const list = node("ul", "verdicts");
    for (const [, code, text] of said) list.append(node("li", `verdict-${code}`, text));
    return list;
  };

  const verdicts = (card) => {
    const loud = card.verdicts.filter(([, , , quiet]) => !quiet);
    const quiet = card.verdicts.filter(([, , , hushed]) => hushed);
    const made = loud.length ? [lines(loud)] : [];
    if (quiet.length) {
      const folded = node("details", "quiet");
      folded.append(node("summary", "", `For comparison (${quiet.length})`), lines(quiet));
      made.push(folded);
    }
    return made;
  };

  const cover = (card) => {
    const label = node("label", "cover");
    const box = node("input", "reveal");
    box.type = "checkbox";
    label.append(box, " ", node("span", "", `Content note: ${card.cover}. Show these two pictures.`));
    return label;
  };

  const draw = (card, judges) => {
    const article = node("article", "card");
    article.id = `card-${card.n}`;
    article.tabIndex = -1;
    article.append(where(card), prompt(card));
    if (card.tags.length) article.append(tags(card, judges));
    if (card.cover) article.append(cover(card));
    const pair = node("div", "pair");
    pair.append(...card.images.map(picture));
    article.append(pair, ...verdicts(card), node("p", "selection", card.selection));
    return article;
  };

  return { load, draw, node };
})();
