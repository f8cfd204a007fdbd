// What the page does by itself: times that read as ages, keys, copying, charts, and saying whether it is live.
// It makes no HTML of text and asks nothing of any other host.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  const span = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    for (const [unit, length, smaller, size] of [["d", 86400, "h", 3600], ["h", 3600, "m", 60], ["m", 60, "s", 1]]) {
      if (whole >= length) {
        const rest = Math.floor((whole % length) / size);
        return rest ? `${Math.floor(whole / length)}${unit} ${rest}${smaller}` : `${Math.floor(whole / length)}${unit}`;
      }
    }
    return `${whole}s`;
  };
  const timeOfDay = (at, more) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more });
  const age = (time) => {
    const at = time.getAttribute("datetime");
    const seconds = (Date.now() - Date.parse(at)) / 1000;
    const text = "clock" in time.dataset ? timeOfDay(at, { second: "2-digit" })
      : "due" in time.dataset && seconds >= 0 ? "now, it is due" : seconds >= 0 ? (seconds < 2 ? "now" : `${span(seconds)} ago`) : `in ${span(-seconds)}`;
    if (time.textContent !== text) time.textContent = text;
  };
  const ages = () => {
    $$("time[datetime]").forEach(age);
    $$("text.clock").forEach((text) => {
      text.textContent = timeOfDay(text.dataset.at);
    });
  };

  const colour = (name) => {
    // A chart draws on a canvas, which knows no light-dark(): ask an element what the colour came out as.
    const probe = $("#line");
    const before = probe.style.color;
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color;
    probe.style.color = before;
    return found;
  };
  const charts = () => $$(".chart").forEach((place) => {
    if (typeof uPlot === "undefined" || place.dataset.drawn === place.dataset.series) return;
    place.dataset.drawn = place.dataset.series;
    place.replaceChildren();
    const { labels, bars, whole, data } = JSON.parse(place.dataset.series);
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const strokes = [colour("--works"), colour("--waits")];
    const look = (index) => (bars
      ? { fill: strokes[index], width: 0, paths: uPlot.paths.bars({ size: [0.4, 24], align: labels.length < 2 ? 0 : index ? 1 : -1 }), points: { show: false } }
      : { width: 2, spanGaps: true, points: { show: true, size: 6, fill: strokes[index] }, dash: index ? [6, 4] : undefined });
    const day = (seconds) => new Date(seconds * 1000).toLocaleDateString([], { day: "numeric", month: "short", timeZone: "UTC" });
    new uPlot({
      width: Math.max(240, place.clientWidth), height: 160, cursor: { drag: { setScale: false } }, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
      series: [{ label: "day", value: (_, at) => (at == null ? "" : day(at)) }, ...labels.map((label, index) => ({
        label, stroke: strokes[index], value: (_, value) => value ?? "", ...look(index),
      }))],
      axes: [{ ...axis, values: (_, all) => all.map(day) }, { ...axis, size: 56, ...(whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}) }],
      scales: { x: { range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    }, data, place);
  });

  const drawn = () => { ages(); charts(); };

  const line = (text, lost) => {
    const place = $("#line");
    place.textContent = text;
    place.classList.toggle("lost", lost);
  };
  let lostAt = null;
  const live = () => { lostAt = null; line("live", false); };
  const lost = () => {
    lostAt ??= Date.now();
    line(`not live since ${new Date(lostAt).toLocaleTimeString()}`, true);
  };
  // A stream whose very first answer failed is not tried again by itself.
  const again = () => {
    const stream = $("#stream");
    if (stream._htmx?.sse || document.hidden) return;
    htmx.trigger(stream, "again");
    htmx.ajax("GET", stream.getAttribute("hx-sse:connect"), { source: stream, swap: "none" });
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.textContent = "copied";
    setTimeout(() => { button.textContent = before; }, 1500);
  };

  const rows = () => $$("[data-row]").filter((row) => row.offsetParent !== null);
  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const row = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    const target = $("a.row-link", row) ?? $("a, button, input", row);
    if (target) target.focus();
    else { row.tabIndex = -1; row.focus(); }
    row.scrollIntoView({ block: "nearest" });
  };
  let waits = null;
  const key = (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && typing) { typing.blur(); return; }
    if (event.key === "Escape") { $$("details.menu[open]").forEach((menu) => { menu.open = false; }); return; }
    if ((typing && typing.type !== "checkbox") || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (waits) {
      clearTimeout(waits);
      waits = null;
      const place = $(`.side a[data-key="${CSS.escape(event.key)}"]`);
      if (place) { event.preventDefault(); place.click(); }
      return;
    }
    const act = {
      "/": () => $("#search").focus(),
      "?": () => $("#help").showModal(),
      j: () => move(1),
      k: () => move(-1),
      r: () => location.reload(),
      g: () => { waits = setTimeout(() => { waits = null; }, 1500); },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  };

  const begin = () => {
    drawn();
    setInterval(ages, 5000);
    document.addEventListener("htmx:after:swap", drawn);
    document.addEventListener("htmx:sse:after:connection", (event) => (event.detail.connection.status === 200 ? live() : lost()));
    document.addEventListener("htmx:sse:after:message", live);
    document.addEventListener("htmx:sse:error", lost);
    document.addEventListener("htmx:sse:before:connection", () => { if (lostAt) lost(); });
    document.addEventListener("htmx:sse:close", lost);
    document.addEventListener("keydown", key);
    document.addEventListener("click", (event) => {
      const button = event.target.closest(".copy");
      if (button) copy(button);
      if (event.target.closest("#help-button")) $("#help").showModal();
      $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    });
    setInterval(() => { if (!$("#stream")._htmx?.sse && !document.hidden) { lost(); again(); } }, 10000);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      $$(".chart").forEach((place) => { delete place.dataset.drawn; });
      charts();
    });
  };
  // Before the other scripts run, so that nothing they say is missed; a chart needs the last of them.
  begin();
  window.addEventListener("load", drawn);
})();
