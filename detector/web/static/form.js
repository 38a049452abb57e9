// Comfort for the forms, which work without it: files by drag and drop, words counted, one sending at a time.
"use strict";

const page = document.documentElement;
page.classList.add("has-script");

for (const note of document.querySelectorAll("[data-count-of]")) {
  const field = document.getElementById(note.dataset.countOf);
  const limit = note.textContent;
  let timer = 0;
  const count = () => {
    const words = (field.value.match(/\S+/g) || []).length;
    note.textContent = words === 0 ? limit : `${words.toLocaleString("en")} ${words === 1 ? "word" : "words"}.`;
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(count, 200);
  });
  count();
}

for (const zone of document.querySelectorAll("[data-drop]")) {
  const chooser = zone.querySelector("input[type=file]");
  const holdsFile = (event) => event.dataTransfer !== null && event.dataTransfer.types.includes("Files");
  zone.addEventListener("dragover", (event) => {
    if (holdsFile(event)) {
      event.preventDefault();
      zone.classList.add("dropping");
    }
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("dropping"));
  zone.addEventListener("drop", (event) => {
    zone.classList.remove("dropping");
    if (holdsFile(event)) {
      event.preventDefault();
      const chosen = new DataTransfer();
      for (const file of event.dataTransfer.files) {
        if (chooser.multiple || chosen.items.length === 0) chosen.items.add(file);
      }
      chooser.files = chosen.files;
      chooser.focus();
    }
  });
}

// A file dropped beside the fields would otherwise replace the page.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => event.preventDefault());
}

const form = document.querySelector("form");
const button = form.querySelector("button");
const label = button.textContent;
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  button.setAttribute("aria-disabled", "true");
  button.textContent = "Sending …";
});
// Coming back by the browser's history finds the form ready again.
window.addEventListener("pageshow", () => {
  delete form.dataset.sent;
  button.removeAttribute("aria-disabled");
  button.textContent = label;
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

const problem = document.getElementById("problem");
if (problem) problem.focus();
