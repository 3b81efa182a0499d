// The hand-over section: a screenshot pasted, dropped or chosen; the preview; the file for a mail program.
// Everything else is htmx. What the service or a client wrote is put in as text nodes only.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const base = () => location.pathname.replace(/\/$/, "") + "/hand-over";
  const LARGEST = 5 * 1024 * 1024, BRAND = "brand_store";
  const KINDS = [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0xff, 0xd8, 0xff]];
  let asked = 0, timer = 0, typed = false;

  function say(place, words, bad) {
    const there = $(place);
    if (!there) return;
    there.textContent = words;
    there.hidden = !words && place === "#ho-why";
    there.classList.toggle("late", Boolean(bad)); there.classList.toggle("ok", !bad && place === "#ho-shot-said");
  }
  const words = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
  const fields = () => { const form = new FormData($("#ho-form")); form.set("agent", $("#agent") ? $("#agent").value : ""); return form; };

  // --- the screenshot
  async function pictured(file) {
    const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const text = String.fromCharCode(...head);
    return KINDS.some((kind) => kind.every((byte, place) => head[place] === byte)) || (text.startsWith("RIFF") && text.slice(8) === "WEBP");
  }
  async function take(file) {
    if (file.size > LARGEST) return refuse("Картинка больше 5 МБ: уменьшите её или сохраните в JPEG.");
    if (!(await pictured(file))) return refuse("Это не снимок экрана: годятся картинки PNG, JPEG и WebP.");
    const list = new DataTransfer();
    list.items.add(file);
    $("#ho-shot").files = list.files;
    const reader = new FileReader();
    reader.addEventListener("load", () => { $("#ho-thumb").src = reader.result; $("#ho-thumb").hidden = false; });
    reader.readAsDataURL(file);
    $("#ho-shot-off").hidden = false;
    say("#ho-shot-said", "Скриншот приложен");
    preview();
  }
  function drop(silent) {
    $("#ho-shot").value = "";
    $("#ho-thumb").hidden = true; $("#ho-thumb").removeAttribute("src");
    $("#ho-shot-off").hidden = true;
    if (!silent) { say("#ho-shot-said", ""); preview(); }
  }
  function refuse(said) { drop(true); say("#ho-shot-said", said, true); preview(); }
  const image = (list) => [...(list || [])].find((file) => file.type.startsWith("image/")) || [...(list || [])][0];

  // --- the preview and the client's data
  function preview() {
    const department = $("#ho-department");
    if (!department) return;
    $("#ho-store-field").hidden = department.value !== BRAND;
    clearTimeout(timer);
    timer = setTimeout(render, 150);
  }
  async function render() {
    const turn = ++asked, form = fields();
    const shot = form.get("shot");
    form.delete("shot");
    form.set("shot", String(Boolean(shot && shot.size)));
    let told;
    try {
      const answer = await fetch(base() + "/preview", { method: "POST", body: new URLSearchParams(form) });
      if (!answer.ok) return say("#ho-why", words(await answer.text()), true);
      told = await answer.json();
    } catch { return say("#ho-why", "Подсказчик не отвечает: повторите через минуту.", true); }
    if (turn !== asked || !$("#ho-form")) return;
    $("#ho-to").textContent = told.to || "не выбран"; $("#ho-subject").textContent = told.subject; $("#ho-words").textContent = told.text;
    if (told.why_not) $("#ho-received-field").hidden = false;
    say("#ho-why", told.why_not);
  }
  async function fetchData() {
    const area = $("#ho-data");
    if (!area || area.dataset.asked || area.value) return;
    area.dataset.asked = "yes";
    try {
      const told = await (await fetch(base() + "/data")).json();
      if (!area.value && told.text) area.value = told.text;
      say("#ho-data-said", told.said);
    } catch { say("#ho-data-said", "Данные клиента взять не удалось: впишите их сами."); }
    preview();
  }

  // --- sending in other ways
  async function download() {
    say("#ho-why", "");
    const answer = await fetch(base() + "/letter", { method: "POST", body: fields() }).catch(() => null);
    if (!answer || !answer.ok) return say("#ho-why", answer ? words(await answer.text()) : "Подсказчик не отвечает.", true);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "Запрос по отзыву.eml";
    link.click();
    URL.revokeObjectURL(link.href);
    htmx.trigger("#hand-over", "renew");
  }
  function retry(again) {
    $("#ho-new").open = true;
    const values = again ? { again: "true" } : {};
    for (const [name, value] of Object.entries(values)) {
      const hidden = document.createElement("input");
      hidden.type = "hidden"; hidden.name = name; hidden.value = value;
      $("#ho-form").append(hidden);
    }
    $("#ho-form").requestSubmit();
  }
  // --- events
  const inside = (event) => event.target.closest && event.target.closest("#hand-over");
  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    if (hit("#ho-shot-off")) drop();
    else if (hit("#ho-eml")) download();
    else if (hit(".ho-again")) retry(true);
    else if (hit(".ho-retry")) retry(false);
  });
  document.addEventListener("change", (event) => {
    if (!inside(event)) return;
    typed = true;
    if (event.target.id === "ho-shot" && event.target.files.length) take(event.target.files[0]);
    else if (event.target.form === $("#ho-form")) preview();
  });
  document.addEventListener("input", (event) => { if (event.target.id === "ho-data") { typed = true; preview(); } });
  document.addEventListener("toggle", (event) => {
    if (event.target.id === "ho-new" && event.target.open) { fetchData(); preview(); }
    if (event.target.id === "ho-preview" && event.target.open) preview();
  }, true);
  document.addEventListener("paste", (event) => {
    const file = image(event.clipboardData && event.clipboardData.files);
    if (!file || !$("#ho-form")) return;
    event.preventDefault();
    $("#ho-new").open = true;
    typed = true;
    take(file);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!inside(event) || !$("#ho-drop")) return;
      event.preventDefault();
      $("#ho-drop").classList.toggle("over", kind === "dragover");
      const file = kind === "drop" && image(event.dataTransfer.files);
      if (file) { $("#ho-new").open = true; typed = true; take(file); }
    });
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    // Another scenario or client changes whom to ask; what the agent has begun is left alone.
    if (event.detail.target.id === "main" && !typed) htmx.trigger("#hand-over", "renew");
    if (event.detail.target.id === "hand-over") { typed = false; if ($("#ho-new") && $("#ho-new").open) { fetchData(); preview(); } }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A refusal is the form again, with its reason.
    if (event.detail.target.id === "hand-over" && event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
})();
