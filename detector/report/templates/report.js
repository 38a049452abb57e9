(() => {
  "use strict";
  const text = document.getElementById("text");
  const tip = document.getElementById("tip");
  const table = document.querySelector("#token-table pre");
  if (text && tip && table) {
    const names = table.dataset.columns.split("|");
    let lines = null;
    let tokens = null;
    let places = null;
    let current = null;
    const ready = () => {
      if (tokens) return;
      lines = table.textContent.split("\n");
      tokens = [...text.getElementsByClassName("t")];
      places = new Map(tokens.map((token, i) => [token, i]));
    };
    const add = (parent, tag, content, cls) => {
      const made = document.createElement(tag);
      if (cls) made.className = cls;
      made.textContent = content;
      parent.append(made);
      return made;
    };
    const hide = () => {
      tip.hidden = true;
      if (current) current.removeAttribute("aria-describedby");
      current = null;
    };
    const show = (token) => {
      ready();
      const cells = lines[places.get(token)].split("\t");
      tip.replaceChildren();
      add(tip, "strong", cells[4]);
      const list = add(tip, "dl", "");
      for (let i = 0; i < 4; i++) {
        add(list, "dt", names[i]);
        add(list, "dd", cells[i].trim());
      }
      if (cells.length > 5) {
        add(tip, "span", "the model\u2019s first choices", "tip-heading");
        const ordered = add(tip, "ol", "");
        for (const choice of cells.slice(5)) add(ordered, "li", choice);
      }
      tip.hidden = false;
      const place = token.getClientRects()[0];
      const room = document.documentElement;
      const left = Math.min(place.left, room.clientWidth - tip.offsetWidth - 8);
      const below = place.bottom + 8;
      const fits = below + tip.offsetHeight < room.clientHeight || place.top < tip.offsetHeight + 8;
      tip.style.left = Math.max(8, left) + "px";
      tip.style.top = (fits ? below : place.top - tip.offsetHeight - 8) + "px";
      if (current) current.removeAttribute("aria-describedby");
      token.setAttribute("aria-describedby", "tip");
      current = token;
    };
    const tokenOf = (event) => event.target.closest(".t");
    const focusOn = (token) => {
      const before = text.querySelector(".t[tabindex]");
      if (before) before.removeAttribute("tabindex");
      token.tabIndex = 0;
      token.focus();
    };
    const first = text.querySelector(".t");
    if (first) first.tabIndex = 0;
    text.addEventListener("pointerover", (event) => {
      const token = tokenOf(event);
      if (token && event.pointerType !== "touch") show(token);
    });
    text.addEventListener("pointerleave", () => hide());
    text.addEventListener("click", (event) => {
      const token = tokenOf(event);
      if (!token || String(getSelection())) return;
      if (token !== document.activeElement) focusOn(token);
      show(token);
    });
    text.addEventListener("focusin", (event) => {
      const token = tokenOf(event);
      if (token) show(token);
    });
    text.addEventListener("focusout", () => hide());
    text.addEventListener("keydown", (event) => {
      const token = tokenOf(event);
      if (!token || event.ctrlKey || event.metaKey || event.altKey) return;
      ready();
      const at = places.get(token);
      const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 };
      if (event.key in moves) {
        event.preventDefault();
        const next = tokens[moves[event.key]];
        if (next) focusOn(next);
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!text.contains(event.target)) hide();
    });
    addEventListener("scroll", () => { if (current && current !== document.activeElement) hide(); }, { passive: true });
  }

  for (const sorted of document.querySelectorAll("table.sortable")) {
    const body = sorted.tBodies[0];
    [...sorted.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = heading.getAttribute("aria-sort") !== "ascending";
        const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
        const order = [...body.rows].sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          const difference = x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
          return up ? difference : -difference;
        });
        for (const other of sorted.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", up ? "ascending" : "descending");
        body.append(...order);
      });
    });
  }
})();
