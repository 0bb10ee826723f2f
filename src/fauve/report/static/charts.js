"use strict";
// Draws the charts of a page as they come into view, in the colours of the reader's paper. Until then, and without
// scripts, the picture that stands in the page does.

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 40rem)");
  const drawn = new Map();

  // Titles of axes come in lines for a wide page; a narrow one needs shorter lines.
  const rewrap = (channel) => {
    if (!Array.isArray(channel?.title)) return;
    const lines = [""];
    for (const word of channel.title.join(" ").split(" ")) {
      if (`${lines.at(-1)} ${word}`.length > 34) lines.push(word);
      else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
    }
    channel.title = lines;
  };

  // "group: name" in a narrow margin would show the group alone, so the name stands there wherever it is enough.
  const withoutGroup = (spec, layer) => {
    const field = layer.encoding.y.field;
    const labels = [...new Set((spec.data?.values ?? []).map((row) => row[field]))].filter((label) => label !== undefined);
    const names = new Set(labels.map((label) => String(label).replace(/^[^:]*: /, "")));
    if (names.size === labels.length) layer.encoding.y.axis.labelExpr = "replace(datum.label, regexp('^[^:]*: '), '')";
  };

  const themed = (figure) => {
    const spec = JSON.parse(figure.querySelector(".spec").textContent);
    if (dark.matches) spec.config = spec.usermeta.dark;
    if (narrow.matches) {
      spec.layer = spec.layer.filter((layer) => layer.name !== "values");
      for (const layer of spec.layer) {
        if (layer.encoding?.y?.axis?.labelLimit) {
          layer.encoding.y.axis.labelLimit = 150;
          withoutGroup(spec, layer);
        }
        for (const channel of ["color", "shape"]) if (layer.encoding?.[channel]?.legend?.columns) layer.encoding[channel].legend.columns = 2;
      }
      for (const layer of spec.layer) if (layer.name === "names") layer.mark.limit = 96;
      for (const layer of spec.layer) rewrap(layer.encoding?.x);
    }
    return spec;
  };

  const draw = async (figure) => {
    const live = figure.querySelector(".live");
    const still = figure.querySelector(".still");
    drawn.get(figure)?.finalize();
    live.hidden = false;
    try {
      const compiled = vegaLite.compile(themed(figure)).spec;
      const runtime = vega.parse(compiled, null, { ast: true });
      const view = new vega.View(runtime, {
        expr: vega.expressionInterpreter,
        renderer: "svg",
        container: live,
        hover: true,
        logLevel: vega.Error,
      });
      drawn.set(figure, view);
      await view.runAsync();
      const image = live.querySelector("svg");
      image.setAttribute("role", "img");
      image.setAttribute("aria-label", still.alt);
      still.hidden = true;
    } catch (error) {
      live.hidden = true;
      still.hidden = false;
      console.error(`${figure.id} could not be drawn`, error);
    }
  };

  const figures = document.querySelectorAll(".chart");
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
      }
    },
    { rootMargin: "400px" },
  );
  figures.forEach((figure) => seen.observe(figure));
  for (const query of [dark, narrow]) query.addEventListener("change", () => drawn.forEach((_, figure) => draw(figure)));
})();
