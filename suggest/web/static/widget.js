// The widget's own script: the text and its parts, undo, findings, copying, keys. Everything else is htmx.
// Texts are put in as text nodes only. What the agent typed is never replaced but by the agent.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const base = () => location.pathname.replace(/\/$/, "");
  const memory = {
    get(kind, key) { try { return window[kind].getItem(key); } catch { return null; } },
    set(kind, key, value) { try { window[kind].setItem(key, value); } catch { /* a browser that keeps nothing in frames */ } },
  };
  const MARKS = { error: ["!", "Исправить"], warning: ["▲", "Внимание"], info: ["i", "Подсказка"] };
  let made = null;      // what the service suggested: text, places, limit…
  let picked = [];      // which phrase stands in each place
  let past = [], future = [], typedAt = 0;
  let leaving = null;   // the agent's text while the page around it is exchanged
  let own = null;       // the agent's text from before a newer revision was shown
  let checking = 0, timer = 0, signed = true;
  let ruled = [], toned = { text: null, findings: [] };   // what the rules, and what the model has against a text
  let toning = 0, pause = 0;
  const PAUSE = 1500;   // ms without a key before the model is asked

  const area = () => $("#reply");
  const text = () => (area() ? area().value : "");
  const dirty = () => made && area() && text() !== made.text;

  // Begins with what the page brought; `before` is what the agent had typed until then.
  function readMade(before) {
    made = JSON.parse($("#data").textContent);
    picked = made.places.map(() => 0);
    past = []; future = []; signed = !made.urgent; toned = { text: null, findings: [] };
    const kept = before || JSON.parse(memory.get("sessionStorage", "draft:" + made.id) || "null");
    own = kept && kept.text !== made.text ? kept : null;
    if (own && own.revision === made.revision && area()) { area().value = own.text; own = null; }
    $("#own-text").hidden = !own || !area();
    ticks();
    if (area()) { show(made.findings); changed(true); }
  }

  function save() { memory.set("sessionStorage", "draft:" + made.id, JSON.stringify({ text: text(), revision: made.revision })); }

  // --- the text and its history
  function remember(force) {
    const now = Date.now();
    if (force || now - typedAt > 700) { past.push(snapshot()); past = past.slice(-100); }
    typedAt = force ? 0 : now;
    future = [];
  }
  const snapshot = () => ({ text: last, picked: [...picked] });
  let last = "";
  function put(value) { area().value = value; changed(); }
  function step(from, to) {
    if (!from.length) return;
    to.push(snapshot());
    const back = from.pop();
    picked = back.picked;
    typedAt = 0;
    put(back.text);
  }
  function changed(first) {
    last = text();
    if (!first) save();
    area().style.height = "auto";
    area().style.height = Math.min(420, area().scrollHeight + 2) + "px";
    places(); count();
    $("#undo").disabled = !past.length; $("#redo").disabled = !future.length;
    mirror([]);
    signed = !made.urgent; gate();
    clearTimeout(timer);
    timer = setTimeout(check, first ? 0 : 300);
    clearTimeout(pause); quiet("");
    if (made.tone && !first) pause = setTimeout(tone, PAUSE);
  }
  function count() {
    const size = made.unit === "bytes" ? new TextEncoder().encode(text()).length : [...text()].length;
    const unit = made.unit === "bytes" ? " байт" : "";
    $("#length").textContent = `${size} / ${made.limit}${unit}` + (size > made.limit ? ": длиннее, чем принимает площадка" : "");
    $("#length").classList.toggle("over", size > made.limit);
  }

  // --- the parts of the reply
  const phrase = (place) => made.places[place][picked[place]];
  function places() {
    made.places.forEach((options, place) => {
      const there = text().includes(phrase(place));
      const slot = $(`.slot[data-place="${place}"]`);
      slot.classList.toggle("mine", !there);
      $(`[data-count="${place}"]`).textContent = there ? `${picked[place] + 1}/${options.length}` : "изменено";
      all(`.option[data-place="${place}"]`).forEach((button, index) => button.setAttribute("aria-current", there && index === picked[place]));
    });
  }
  function swap(place, option) {
    const options = made.places[place];
    if (!options || options.length < 2) return;
    const old = phrase(place), next = option ?? (picked[place] + 1) % options.length;
    const at = text().indexOf(old);
    if (at < 0) { tell("Эту часть вы изменили, она не тронута. Чтобы сменить фразу, отмените правку."); return; }
    remember(true);
    picked[place] = next;
    put(text().slice(0, at) + options[next] + text().slice(at + old.length));
  }

  // --- findings
  async function check() {
    const asked = ++checking, body = new URLSearchParams({ text: text(), revision: made.revision });
    let told;
    try {
      const answer = await fetch(base() + "/check", { method: "POST", body });
      if (!answer.ok) { tell(words(await answer.text())); return; }
      told = await answer.json();
    } catch { tell("Подсказчик не отвечает: проверка отложена, ваш текст на месте."); return; }
    if (asked !== checking || !area()) return;
    signed = told.signed; gate();
    show(told.findings); diff(told.diff);
  }
  const words = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
  function units(points) { return [...text()].slice(0, points).join("").length; }
  // The model's word on a tone comes later, beside the rules', and only while the text it is about still stands.
  async function tone() {
    const asked = ++toning, said = text();
    if (!said.trim() || said === made.text || said === toned.text) return;
    quiet("Модель читает ответ…");
    let told = { findings: [], notices: [] };
    try {
      const answer = await fetch(base() + "/tone", { method: "POST", body: new URLSearchParams({ text: said, revision: made.revision }) });
      if (answer.ok) told = await answer.json();
    } catch { /* the rules have spoken already */ }
    if (asked !== toning || !area() || said !== text()) return;
    toned = { text: said, findings: told.findings };
    quiet(told.notices.join(" "));
    show(ruled);
  }
  function quiet(said) { $("#tone").textContent = said; $("#tone").hidden = !said; }
  function show(rules) {
    ruled = rules;
    const findings = [...rules, ...(toned.text === text() ? toned.findings : [])];
    mirror(findings.filter((finding) => finding.span && finding.span[1] > finding.span[0]));
    $("#findings").replaceChildren(...findings.map(line));
  }
  function line(finding) {
    const [icon, name] = MARKS[finding.severity], item = document.createElement("li");
    item.className = finding.severity + (finding.rule.startsWith("tone-") ? " model" : "");
    const mark = document.createElement("span");
    mark.className = "sign-mark"; mark.textContent = icon; mark.setAttribute("role", "img"); mark.setAttribute("aria-label", name);
    const said = document.createElement(finding.span ? "button" : "span");
    said.textContent = finding.message;
    if (finding.span) {
      said.type = "button";
      said.addEventListener("click", () => { area().focus(); area().setSelectionRange(units(finding.span[0]), units(finding.span[1])); });
    }
    const body = document.createElement("span"), source = document.createElement("span");
    source.className = "quiet"; source.textContent = finding.source === "house" ? "" : " " + finding.source;
    body.append(said, source); item.append(mark, body);
    return item;
  }
  function mirror(findings) {
    const value = text(), pieces = [], drawn = [];
    let at = 0;
    for (const one of findings) if (!drawn.some((other) => one.span[0] < other.span[1] && other.span[0] < one.span[1])) drawn.push(one);
    for (const finding of drawn.sort((a, b) => a.span[0] - b.span[0])) {
      const from = units(finding.span[0]), to = units(finding.span[1]);
      const mark = document.createElement("mark");
      mark.className = finding.severity; mark.textContent = value.slice(from, to);
      pieces.push(value.slice(at, from), mark);
      at = to;
    }
    $("#mirror").replaceChildren(...pieces, value.slice(at) + "\n");
    $("#mirror").scrollTop = area().scrollTop;
  }
  function diff(steps) {
    const parts = steps.flatMap(([kind, old, fresh]) => {
      const node = (name, said) => { const made = document.createElement(name); made.textContent = said; return [made, " "]; };
      if (kind === "equal") return [old + " "];
      return [...(old ? node("del", old) : []), ...(fresh ? node("ins", fresh) : [])];
    });
    $("#diff-text").replaceChildren(...parts);
    $("#diff").hidden = !steps.some(([kind]) => kind !== "equal") || !made.text;
  }

  // --- sign-off, copying, acts
  function gate() {
    for (const name of ["#copy", "#accept"]) $(name).setAttribute("aria-disabled", String(!signed));
    if ($("#signed")) $("#signed").hidden = !signed;
  }
  function allowed() {
    if (signed) return true;
    tell("Сначала согласуйте этот текст с руководителем.");
    $("#sign-name").focus();
    return false;
  }
  function toClipboard(value) {
    const focus = document.activeElement, box = document.createElement("textarea");
    box.value = value; box.setAttribute("aria-hidden", "true"); box.className = "sr";
    document.body.append(box); box.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { /* the clipboard below */ }
    box.remove();
    if (focus) focus.focus();
    return done ? Promise.resolve() : (navigator.clipboard ? navigator.clipboard.writeText(value) : Promise.reject(new Error("no clipboard")));
  }
  async function copy() {
    if (!area() || !allowed()) return;
    if (!text().trim()) { tell("Копировать пока нечего."); return; }
    try { await toClipboard(text()); }
    catch { area().focus(); area().select(); tell("Браузер не дал скопировать: текст выделен, нажмите Ctrl+C."); return; }
    record("Скопировано.");
    send("/copied", "#record", { text: text() });
  }
  function accept() {
    if (!area() || !allowed()) return;
    const closing = $("#closing");
    send("/accept", "#way-back", { text: text(), ...(closing ? { closing: closing.value } : {}) });
  }
  const send = (path, target, values) => htmx.ajax("POST", base() + path, { target, values, source: "#main" });
  function record(said) { $("#record").textContent = said; $("#record").classList.remove("bad"); }
  function tell(said) {
    $("#notice").textContent = said; $("#notice").hidden = false;
    clearTimeout(tell.timer); tell.timer = setTimeout(() => { $("#notice").hidden = true; }, 8000);
  }
  function ticks() {
    const key = "ticks:" + made.id, done = new Set(JSON.parse(memory.get("sessionStorage", key) || "[]"));
    all("[data-action]").forEach((box) => { box.checked = done.has(box.dataset.action); });
  }

  // --- events
  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    let button;
    if ((button = hit(".swap"))) swap(+button.dataset.place);
    else if ((button = hit(".option"))) swap(+button.dataset.place, +button.dataset.option);
    else if ((button = hit(".more"))) unfold(button, $("#options-" + button.dataset.place));
    else if (hit("#copy")) copy();
    else if (hit("#accept")) accept();
    else if ((button = hit("#reject"))) unfold(button, $("#reasons"));
    else if (hit("#undo")) step(past, future);
    else if (hit("#redo")) step(future, past);
    else if (hit("#own-back")) { remember(true); put(own.text); own = null; $("#own-text").hidden = true; }
    else if ((button = hit(".copy-from"))) toClipboard($(button.dataset.from).value).catch(() => tell("Браузер не дал скопировать: выделите текст и нажмите Ctrl+C."));
    else if ((button = hit(".copy-text"))) toClipboard(button.dataset.text).then(() => tell("Текст жалобы скопирован."), () => tell("Браузер не дал скопировать."));
  });
  function unfold(button, list) {
    list.hidden = !list.hidden;
    button.setAttribute("aria-expanded", String(!list.hidden));
    if (!list.hidden) list.querySelector("button").focus();
  }
  document.addEventListener("input", (event) => { if (event.target.id === "reply") { remember(false); changed(); } });
  document.addEventListener("scroll", (event) => { if (event.target.id === "reply") $("#mirror").scrollTop = event.target.scrollTop; }, true);
  document.addEventListener("change", (event) => {
    if (event.target.id === "agent") { memory.set("localStorage", "suggest.agent", event.target.value); htmx.trigger("#agents", "chosen"); }
    if (event.target.id === "keys-on") memory.set("localStorage", "suggest.keys", event.target.checked ? "on" : "off");
    if (event.target.dataset.action) {
      memory.set("sessionStorage", "ticks:" + made.id, JSON.stringify(all("[data-action]:checked").map((box) => box.dataset.action)));
    }
  });
  const KEYS = {
    KeyC: copy, KeyA: accept, KeyE: () => area() && area().focus(), KeyZ: () => area() && step(past, future),
    KeyO: () => $("#open-review") && $("#open-review").click(), KeyR: () => $("#reject") && $("#reject").click(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, select, input:not([type=checkbox])"), control = event.ctrlKey || event.metaKey;
    const digit = /^Digit([1-9])$/.exec(event.code);
    let act = null;
    if (event.target.id === "reply") {
      if (event.altKey && digit) act = () => swap(digit[1] - 1);
      else if (control && event.key === "Enter") act = copy;
      else if (control && event.code === "KeyZ") act = () => (event.shiftKey ? step(future, past) : step(past, future));
      else if (event.key === "Escape") act = () => $("#main").focus();
    } else if (!typing && !control && !event.altKey && $("#keys-on").checked) {
      act = digit ? () => swap(digit[1] - 1) : KEYS[event.code];
    }
    if (act) { event.preventDefault(); act(); }
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const chosen = $("#agent");
    event.detail.parameters.agent = chosen ? chosen.value : memory.get("localStorage", "suggest.agent") || "";
    event.detail.parameters.revision = made.revision;
    if (event.detail.path.endsWith("/sign-off")) event.detail.parameters.text = text();
    if (event.detail.path.endsWith("/scenario") && !event.detail.parameters.scenario) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.target.id === "main") leaving = dirty() ? { text: text(), revision: made.revision } : null; });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "main") { readMade(leaving); $("#main").focus(); if ($("#newer")) $("#newer").remove(); }
    if (event.detail.target.id === "record") $("#record").classList.remove("bad");
    if (event.detail.requestConfig.path.endsWith("/sign-off")) check();
    all("time").forEach((time) => { time.textContent = new Date(time.dateTime).toLocaleTimeString("ru", { hour: "2-digit", minute: "2-digit" }); });
  });
  const standing = new WeakMap();   // what each section that asks by itself was last told
  // What a section asks anew by itself gives way to what the agent does in it: its answer would come from before the
  // deed, and take away the button that was pressed. Where it says what stands there already, that is left alone.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, target, requestConfig } = event.detail;
    if (elt === target) return;
    standing.delete(target);   // whatever comes of it, the section is to be shown as it is afterwards
    const synced = elt.closest("[hx-sync]");   // such a section says itself what gives way
    if (requestConfig.verb !== "get" && target.hasAttribute("hx-get") && !synced) htmx.trigger(target, "htmx:abort");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, target, xhr } = event.detail;
    if (elt !== target) standing.delete(target);
    else if (!event.detail.shouldSwap) return;
    else if (standing.get(target) === xhr.responseText) event.detail.shouldSwap = false;
    else standing.set(target, xhr.responseText);
  });
  const told = new WeakSet();   // the requests that the sections have been told of
  function acted(event) {
    const { successful, requestConfig, xhr } = event.detail;
    if (!successful || requestConfig.verb !== "post" || told.has(xhr)) return;
    told.add(xhr);
    htmx.trigger(document.body, "acted");
  }
  document.addEventListener("htmx:afterRequest", acted);
  document.addEventListener("htmx:afterSettle", acted);   // a button that is gone by then tells of no request
  document.addEventListener("htmx:responseError", (event) => {
    const said = words(event.detail.xhr.responseText);
    tell(said);
    if (event.detail.target.id === "record") { $("#record").textContent = said; $("#record").classList.add("bad"); }
  });
  document.addEventListener("htmx:sendError", () => tell("Подсказчик не отвечает. Ваш текст на месте, повторите через минуту."));
  $("#keys-on").checked = memory.get("localStorage", "suggest.keys") !== "off";
  readMade(null);
})();
