// Sends what stands in the field of an example to this very server, and shows what comes back.
"use strict";

for (const box of document.querySelectorAll("[data-try]")) {
  box.hidden = false;
  const body = box.querySelector("textarea");
  const files = box.querySelector("input[type=file]");
  const button = box.querySelector("button");
  const status = box.querySelector("[role=status]");
  const output = box.querySelector("pre");

  const show = async (answer) => {
    const kind = answer.headers.get("content-type") || "";
    const content = await answer.text();
    output.textContent = kind.startsWith("application/json") ? JSON.stringify(JSON.parse(content), null, 1) : content;
    output.hidden = false;
    status.textContent = `${answer.status}, ${kind}, ${content.length.toLocaleString("en")} characters.`;
  };

  button.addEventListener("click", async () => {
    const sent = { method: "POST" };
    if (files !== null && files.files.length > 0) {
      sent.body = new FormData();
      for (const file of files.files) sent.body.append("file", file);
    } else {
      sent.headers = { "Content-Type": "application/json" };
      sent.body = body.value;
    }
    status.textContent = "Waiting for the answer \u2026";
    button.disabled = true;
    try {
      await show(await fetch(box.dataset.try, sent));
    } catch {
      status.textContent = "The server does not answer. Start it again with detect serve.";
    }
    button.disabled = false;
  });
}
