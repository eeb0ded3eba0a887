"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SEVERITY = 0, STATUS = 1, CHECK = 2, ACCOUNT = 3, REGION = 4, RESOURCE = 5, MESSAGE = 6, MARK = 7, FIX = 8,
    STEPS = 9, SCRIPTS = 10, COMMANDS = 11, EVIDENCE = 12, WAIVER = 13, CHANGE = 14, SINCE = 15;
  const PAGE = 100, PRINTED = 2000;
  const body = document.getElementById("rows"), form = document.getElementById("filters");
  const count = document.getElementById("count"), where = document.getElementById("where");
  const back = document.getElementById("back"), on = document.getElementById("on");
  const number = (value) => value.toLocaleString("en");
  const haystack = data.rows.map((row) => [
    row[RESOURCE], row[MESSAGE], row[MARK], data.checks[row[CHECK]].join(" "), data.accounts[row[ACCOUNT]],
    data.regions[row[REGION]], row[FIX] < 0 ? "" : data.fixes[row[FIX]], row[SCRIPTS].join(" "),
  ].join("\n").toLowerCase());
  let shown = data.rows.map((_, at) => at), page = 0, sort = "", downwards = false;

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const details = (row) => {
    const made = element("div");
    const list = element("dl");
    const entry = (term, text, kind) => {
      const definition = element("dd", text, kind);
      list.append(element("dt", term), definition);
      return definition;
    };
    for (const [name, value] of row[EVIDENCE]) entry(name, value === "" ? "none" : value, "mono");
    if (row[FIX] >= 0) entry("To fix", data.fixes[row[FIX]]);
    row[STEPS].forEach((step, at) => entry(`Manual step ${at + 1}`, step));
    for (const script of row[SCRIPTS]) entry("Script", `remediation/${script}`, "mono");
    if (row[WAIVER]) entry("Waived", `${row[WAIVER][0]} (${row[WAIVER][1]}, until ${row[WAIVER][2]})`);
    entry("Fingerprint", row[MARK], "mono");
    made.append(list);
    if (row[COMMANDS]) made.append(commands(row[COMMANDS]));
    return made;
  };

  // The details of a finding unfold below it over the whole width, and are built when they are opened.
  const unfolding = (row, line) => {
    const button = element("button", "Evidence and remediation", "unfold");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    let more = null;
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) {
        more.remove();
        return;
      }
      if (more === null) {
        more = element("tr", undefined, "more");
        const cell = element("td");
        cell.colSpan = line.cells.length;
        cell.append(details(row));
        more.append(cell);
      }
      line.after(more);
    });
    return button;
  };

  const commands = (text) => {
    const box = element("div");
    const button = element("button", "Copy the commands", "plain copy");
    button.type = "button";
    const pre = element("pre", text);
    pre.tabIndex = 0;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(pre);
        button.textContent = "Selected: copy with the keyboard";
      }
    });
    box.append(button, pre);
    return box;
  };

  const line = (at) => {
    const row = data.rows[at], made = element("tr", undefined, "finding");
    const [name, mark, word] = data.severities[row[SEVERITY]];
    made.append(element("td", `${mark} ${word}`, `severity ${name}`));
    const status = element("td", row[WAIVER] ? "Waived" : data.statuses[row[STATUS]]);
    if (row[CHANGE] === "new") status.append(" ", element("span", "new", "tag"));
    made.append(status);
    const found = element("td");
    const check = element("p", data.checks[row[CHECK]][0], "quiet mono");
    found.append(element("strong", data.checks[row[CHECK]][1]), check, element("p", row[MESSAGE]), unfolding(row, made));
    made.append(found, element("td", row[RESOURCE]), element("td", data.accounts[row[ACCOUNT]]),
      element("td", data.regions[row[REGION]]), element("td", row[SINCE], "n"));
    return made;
  };

  const draw = (rows) => {
    const fragment = document.createDocumentFragment();
    for (const at of rows) fragment.append(line(at));
    body.replaceChildren(fragment);
  };

  const show = () => {
    const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
    page = Math.min(page, last);
    draw(shown.slice(page * PAGE, page * PAGE + PAGE));
    count.textContent = shown.length === data.rows.length
      ? `${number(shown.length)} findings.` : `${number(shown.length)} of ${number(data.rows.length)} findings.`;
    where.textContent = `Page ${number(page + 1)} of ${number(last + 1)}`;
    back.disabled = page === 0;
    on.disabled = page === last;
  };

  const keys = {
    severity: (row) => row[SEVERITY], status: (row) => (row[WAIVER] ? "z" : "") + row[STATUS],
    check: (row) => data.checks[row[CHECK]][1], resource: (row) => row[RESOURCE],
    account: (row) => data.accounts[row[ACCOUNT]], region: (row) => data.regions[row[REGION]],
    since: (row) => row[SINCE],
  };

  const arrange = () => {
    if (!sort) return;
    const key = keys[sort], values = data.rows.map(key), turn = downwards ? -1 : 1;
    shown.sort((left, right) => {
      const a = values[left], b = values[right];
      return a < b ? -turn : a > b ? turn : left - right;
    });
  };

  const apply = () => {
    const wanted = new FormData(form);
    const severities = new Set(wanted.getAll("severity").map(Number)), states = new Set(wanted.getAll("status"));
    const words = wanted.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const one = (name) => (wanted.get(name) === "" ? -1 : Number(wanted.get(name)));
    const check = one("check"), account = one("account"), region = one("region");
    shown = [];
    data.rows.forEach((row, at) => {
      if (severities.size && !severities.has(row[SEVERITY])) return;
      if (states.size && !states.has(row[WAIVER] ? "waived" : row[STATUS])) return;
      if (check >= 0 && row[CHECK] !== check) return;
      if (account >= 0 && row[ACCOUNT] !== account) return;
      if (region >= 0 && row[REGION] !== region) return;
      if (!words.every((word) => haystack[at].includes(word))) return;
      shown.push(at);
    });
    arrange();
    page = 0;
    remember(wanted);
    show();
  };

  const remember = (wanted) => {
    const kept = new URLSearchParams([...wanted].filter(([, value]) => value !== ""));
    if (sort) kept.set("sort", (downwards ? "-" : "") + sort);
    try {
      history.replaceState(null, "", `#${kept}`);
    } catch {
      // A page inside a mail client may have no address of its own; then its filters are not stored.
    }
  };

  const recall = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const field of form.elements) {
      if (!field.name) continue;
      if (field.type === "checkbox") field.checked = kept.getAll(field.name).includes(field.value);
      else if (kept.has(field.name)) field.value = kept.get(field.name);
    }
    const order = kept.get("sort") || "";
    downwards = order.startsWith("-");
    sort = keys[order.replace(/^-/, "")] ? order.replace(/^-/, "") : "";
    mark();
  };

  const mark = () => {
    for (const head of document.querySelectorAll("th[data-sort]")) {
      if (head.dataset.sort === sort) head.setAttribute("aria-sort", downwards ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };

  const options = (name, entries) => {
    const select = form.elements[name];
    entries.map((text, at) => [text, at]).sort(([a], [b]) => (a < b ? -1 : 1)).forEach(([text, at]) => {
      const option = element("option", text === "" ? "none" : text);
      option.value = at;
      select.append(option);
    });
  };

  options("check", data.checks.map(([name, title]) => `${title} (${name})`));
  options("account", data.accounts);
  options("region", data.regions);
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  form.addEventListener("reset", () => { sort = ""; mark(); setTimeout(apply); });
  back.addEventListener("click", () => { page -= 1; show(); body.closest("table").scrollIntoView(); });
  on.addEventListener("click", () => { page += 1; show(); body.closest("table").scrollIntoView(); });
  for (const head of document.querySelectorAll("th[data-sort]")) {
    head.querySelector("button").addEventListener("click", () => {
      downwards = sort === head.dataset.sort && !downwards;
      sort = head.dataset.sort;
      mark();
      apply();
    });
  }
  const printed = document.getElementById("printed");
  addEventListener("beforeprint", () => {
    draw(shown.slice(0, PRINTED));
    printed.textContent = shown.length > PRINTED
      ? `${number(PRINTED)} of ${number(shown.length)} findings are printed; findings.csv holds all.` : "";
  });
  addEventListener("afterprint", () => { printed.textContent = ""; show(); });
  document.documentElement.classList.add("ready");
  recall();
  apply();
})();
