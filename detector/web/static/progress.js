// Asks how far the scoring is, and opens the report when it is there.
"use strict";

const box = document.getElementById("progress");
const words = document.getElementById("progress-words");
const bar = document.getElementById("progress-bar");
const pause = 400;

const say = (sentence) => {
  // Said again only when it changes, so that a screen reader is not kept busy.
  if (words.textContent.trim() !== sentence) words.textContent = sentence;
};

const show = (state) => {
  if (state.state === "waiting") {
    say(`Number ${state.position} in the queue.`);
    bar.removeAttribute("value");
  } else {
    const tenths = Math.floor(10 * state.share_scored);
    bar.value = state.share_scored;
    if (tenths === 0) say("The model begins to read.");
    else say(tenths < 10 ? `The model has read ${10 * tenths} %.` : "Writing the report.");
  }
};

let failures = 0;
const ask = async () => {
  try {
    const answer = await fetch(box.dataset.stateOf, { headers: { Accept: "application/json" } });
    const state = await answer.json();
    failures = 0;
    if (!answer.ok || state.state === "done") {
      location.reload();
      return;
    }
    show(state);
  } catch {
    failures += 1;
    if (failures > 5) {
      say("The server does not answer. Start it again with detect serve, and hand the text in anew.");
      bar.removeAttribute("value");
      return;
    }
  }
  setTimeout(ask, pause * (1 + failures));
};
ask();
