"use strict";
// A picture by itself, as large as the window allows. Without scripts its link opens the report's own copy; with them
// the picture as it is stored is tried first, which is there as long as the report lies in its run directory.

(() => {
  const PIXELS = 384; // a picture whose longer side is at most this keeps its pixels sharp when it is enlarged
  const RUN = document.baseURI.replace(/[^/]*$/, "../");
  let dialog, shown, told, links, at;

  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  };

  const covered = (link) => link.closest(".card")?.querySelector(".reveal:not(:checked)") !== null && link.closest(".card") !== null;

  const show = (place) => {
    at = (place + links.length) % links.length;
    const link = links[at];
    const figure = link.closest("figure");
    const copy = link.href;
    shown.className = "";
    shown.onload = () => {
      shown.className = Math.max(shown.naturalWidth, shown.naturalHeight) <= PIXELS ? "enlarged" : "";
    };
    shown.onerror = () => {
      shown.onerror = null;
      shown.src = copy;
    };
    shown.alt = link.querySelector("img").alt;
    shown.src = RUN + link.dataset.stored;
    told.textContent = figure.querySelector(".role").textContent;
    const of = links.length > 1 ? ` (${at + 1} of ${links.length})` : "";
    told.append(of, " ", figure.closest("article").querySelector(".prompt").textContent);
    told.dir = "auto";
  };

  const build = () => {
    dialog = document.createElement("dialog");
    dialog.className = "large";
    dialog.setAttribute("aria-label", "Picture, large");
    shown = document.createElement("img");
    told = document.createElement("p");
    const turns = document.createElement("div");
    turns.className = "turns";
    turns.append(button("Close", () => dialog.close()), button("Previous", () => show(at - 1)), button("Next", () => show(at + 1)));
    dialog.append(shown, told, turns);
    dialog.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || links.length < 2) return;
      show(at + by);
      event.preventDefault();
    });
    shown.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => links[at].focus());
    document.body.append(dialog);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.open");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (covered(link)) return;
    if (!dialog) build();
    links = [...link.closest("article").querySelectorAll("a.open")];
    for (const turn of dialog.querySelectorAll(".turns button:not(:first-child)")) turn.hidden = links.length < 2;
    show(links.indexOf(link));
    dialog.showModal();
  });
})();
