"use strict";
(() => {
  // Copy buttons. Without JavaScript the text can be selected.
  for (const button of document.querySelectorAll("button[data-copies]")) {
    const source = document.getElementById(button.dataset.copies);
    const status = button.parentElement.querySelector(".copy-status");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        status.textContent = " Copied.";
      } catch {
        getSelection().selectAllChildren(source);
        status.textContent = " Selected: copy it with the keyboard.";
      }
    });
  }

  // URLs without empty fields.
  for (const form of document.querySelectorAll("form[method=get]")) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
    });
  }
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[method=get] :disabled")) field.disabled = false;
  });

  // A double click submits a form only once.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => { delete form.dataset.sent; }, 5000);
    });
  }

  // Progress of jobs, pushed by the server. A browser opens few connections to one host.
  const FOLLOWED = 3;
  const number = (value) => value.toLocaleString("en");
  const follow = (box) => {
    const note = box.querySelector(".note"), figures = box.querySelector(".figures");
    const bar = box.querySelector("progress"), status = box.querySelector("[role=status]");
    let tenth = -1;
    // The job's own page reloads to show the outcome. Another page may contain unsaved input: there, only this job is updated.
    const changed = (job) => {
      if (box.dataset.alone) {
        location.reload();
        return;
      }
      box.dataset.state = job.state;
      const state = box.parentElement.querySelector(".state");
      if (job.state === "waiting" || job.state === "running") {
        state.textContent = job.state;
        return;
      }
      state.textContent = "ended";
      status.textContent = note.textContent = `The job ended: ${job.state}.`;
      figures.textContent = "";
      bar.remove();
    };
    const show = (job) => {
      if (job.state !== box.dataset.state) {
        changed(job);
        return;
      }
      if (job.note) note.textContent = job.note;
      if (job.total > 0) {
        figures.textContent = `${number(job.done)} of ${number(job.total)}`;
        bar.max = job.total;
        bar.value = job.done;
        const now = Math.floor((10 * job.done) / job.total);
        if (now !== tenth) status.textContent = `${note.textContent}, ${10 * now} percent`;
        tenth = now;
      } else {
        figures.textContent = "";
        bar.removeAttribute("value");
      }
    };
    const events = new EventSource(box.dataset.job);
    events.addEventListener("job", (event) => show(JSON.parse(event.data)));
    events.addEventListener("end", (event) => {
      events.close();
      show(JSON.parse(event.data));
    });
    // Refused, not interrupted: the browser does not reconnect.
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED && box.dataset.alone) setTimeout(() => location.reload(), 10000);
    });
    addEventListener("pagehide", () => events.close());
  };
  [...document.querySelectorAll(".progress[data-job]")].slice(0, FOLLOWED).forEach(follow);
})();
