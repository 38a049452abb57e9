(() => {
  "use strict";
  const filters = document.getElementById("filters");
  const rows = [...document.querySelectorAll("#documents tbody tr")];
  if (!filters || !rows.length) return;
  const words = document.getElementById("filter-words");
  const evidence = document.getElementById("filter-evidence");
  const flagged = document.getElementById("filter-flagged");
  const shown = document.getElementById("filter-shown");
  const apply = () => {
    const sought = words.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = (!evidence.value || row.dataset.verdict === evidence.value)
        && (!flagged.checked || row.dataset.flagged === "yes")
        && (!sought || row.textContent.toLowerCase().includes(sought));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count + " of " + rows.length + " listed documents shown";
  };
  filters.hidden = false;
  filters.addEventListener("input", apply);
  apply();
})();
