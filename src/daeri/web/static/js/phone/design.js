/** Every token and component on one sheet, in the language and theme of its address. */

import { preferences } from "./preferences.js";
import { openMap } from "./map.js";
import { page } from "./page.js";
import { confirm, openSheet, toast } from "./sheet.js";
import * as parts from "./parts.js";
import { level } from "./rewards.js";
import { ago, clock, countdown, day, html, icon, km, minutes, render, t, won } from "./view.js";

const COLOURS = ["ground", "surface", "raised", "line", "line-strong", "ink", "muted", "accent", "accent-soft", "idle", "idle-soft", "offered", "offered-soft", "driving", "driving-soft", "waiting", "waiting-soft", "quiet", "quiet-soft", "danger", "star"];
const SPACES = ["s1", "s2", "s3", "s4", "s5", "s6"];
const TONES = /** @type {const} */ (["good", "warn", "bad", "busy", "accent", "quiet"]);
const STATES = ["requested", "reserved", "assigned", "arrived", "driving", "completed", "expired"];
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);

const shown = { text: "", wrong: "12", service: "general", isOn: true, segment: "now", tab: "day", stars: 4 };

/** @param {string} name @param {unknown} content */
const part = (name, content) => html`<section class="design-part"><h2>${name}</h2>${content}</section>`;

function tokens() {
  return html`
    ${part(t("design.colours"), html`<div class="swatches">${COLOURS.map((name) => html`<div class="swatch"><span class="swatch-colour" data-colour=${name}></span><code>${name}</code></div>`)}</div>`)}
    ${part(t("design.type"), ["figure", "xl", "l", "m", "s"].map((size) => html`<p class="size-${size}">${t("design.sentence")}</p>`))}
    ${part(t("design.space"), SPACES.map((name) => html`<div class="design-line"><code>${name}</code><span class="design-ruler" data-space=${name}></span></div>`))}
    ${part(t("design.numbers"), parts.facts([[t("design.fare"), won(24_000)], [t("design.distance"), km(12_430)], [t("design.time"), minutes(4_140)], [t("design.rest"), countdown(247)], [t("design.today"), `${day(Date.now())} ${clock(Date.now())}`], [t("design.before"), ago(AN_HOUR_AGO)]]))}
    ${part(t("design.icons"), html`<div class="design-icons" data-icons></div>`)}`;
}

function buttons() {
  return part(
    t("design.buttons"),
    html`<div class="design-line">
        ${parts.button(t("design.action"), () => toast(t("design.told"), "good"), { kind: "primary", glyph: "check" })}
        ${parts.button(t("design.other"), () => toast(t("design.told")))}
        ${parts.button(t("design.quiet"), () => {}, { kind: "quiet" })}
        ${parts.button(t("design.danger"), () => void ask(), { kind: "danger", glyph: "trash-2" })}
        ${parts.iconButton("phone", t("design.action"), () => toast(t("design.told"), "bad"))}
      </div>
      <div class="design-line">
        ${parts.button(t("design.busy"), () => {}, { kind: "primary", busy: true })}
        ${parts.button(t("design.off"), () => {}, { disabled: true })}
        ${parts.linkButton(t("design.link"), "#", { kind: "plain", glyph: "arrow-right" })}
      </div>`,
  );
}

function ask() {
  return confirm({ title: t("design.ask"), text: t("design.ask_text"), yes: t("design.danger"), danger: true });
}

function badges() {
  return part(
    t("design.badges"),
    html`<div class="design-line">${STATES.map((state) => html`<span class="badge" data-state=${state}>${t(`call.state.${state}`)}</span>`)}</div>
      <div class="design-line">${TONES.map((tone) => parts.badge(t("design.badge"), tone))} ${parts.tag(t("design.tag"))}</div>
      <div class="design-line">${parts.stars(t("phone.stars", { n: shown.stars }), shown.stars)}</div>
      <div class="design-line">${parts.stars(t("design.rate"), shown.stars, (n) => change({ stars: n }))}</div>`,
  );
}

function forms() {
  const services = ["general", "vip", "delivery"].map((value) => ({ value, label: t(`call.service.${value}`) }));
  const times = [{ value: "now", label: t("design.now") }, { value: "later", label: t("design.later") }];
  return part(
    t("design.forms"),
    html`${parts.field("text", t("design.field"), shown.text, (text) => change({ text }), { hint: t("design.hint"), placeholder: t("design.place") })}
      ${parts.field("wrong", t("design.amount"), shown.wrong, (wrong) => change({ wrong }), { wrong: t("design.wrong"), inputmode: "numeric", suffix: t("design.won") })}
      ${parts.area("area", t("design.area"), "", () => {})}
      ${parts.select("service", t("design.select"), services, shown.service, (service) => change({ service }))}
      ${parts.toggle(t("design.toggle"), shown.isOn, (isOn) => change({ isOn }), { hint: t("design.hint") })}
      ${parts.segments(t("design.when"), times, shown.segment, (segment) => change({ segment }))}
      ${preferences(draw)}`,
  );
}

function lists() {
  const views = [{ value: "day", label: t("design.today") }, { value: "week", label: t("design.week") }];
  return part(
    t("design.lists"),
    html`${parts.tabs(t("design.tabs"), views, shown.tab, (tab) => change({ tab }))}
      <div class="card flush">${parts.rows([
        parts.row(t("design.row"), { glyph: "map-pin", hint: t("design.hint"), press: () => toast(t("design.told")) }),
        parts.row(t("design.link"), { glyph: "receipt", href: "#", end: won(24_000) }),
        parts.row(t("design.row"), { end: parts.badge(t("design.badge"), "good") }),
      ])}</div>
      ${parts.card(parts.facts([[t("design.fare"), won(24_000)], [t("design.distance"), km(850)]]), t("design.card"))}
      ${parts.table([t("design.today"), t("design.runs"), t("design.fare")], [[day(Date.now()), 7, won(182_000)], [day(AN_HOUR_AGO), 5, won(121_500)]], { numeric: [1, 2] })}
      ${parts.card(level({ level: { name: "silver", from_score: 60 }, next_level: { name: "gold", from_score: 150 }, score: 112, points: 1_240, window_days: 28 }))}
      ${parts.figures([parts.figure(t("design.runs"), 7), parts.figure(t("design.distance"), "41", "km")])}
      ${parts.timeline([{ at: "23:04", text: t("call.state.requested") }, { at: "23:05", text: t("call.state.assigned"), state: "now" }, { at: "", text: t("call.state.arrived"), state: "next" }])}`,
  );
}

function told() {
  return part(
    t("design.telling"),
    html`${parts.notice(t("design.notice"), "info")}${parts.notice(t("design.notice"), "good")}${parts.notice(t("design.warning"), "warn")}${parts.notice(t("design.wrong"), "bad")}
      ${parts.progress(t("design.progress"), 0.6)} ${parts.progress(t("design.progress"))} ${parts.skeleton()}
      ${parts.empty(t("design.empty"), { text: t("design.empty_text"), glyph: "car", action: parts.button(t("design.action"), () => {}) })}
      ${parts.failed({ code: "offline", detail: t("phone.offline.detail") }, () => toast(t("design.told")))}`,
  );
}

function over() {
  return part(
    t("design.over"),
    html`<div class="design-line">
        ${parts.button(t("design.sheet"), () => void openSheet(t("design.sheet"), () => html`<p class="sheet-text">${t("design.sentence")}</p>`))}
        ${parts.button(t("design.dialog"), () => void ask())}
        ${parts.button(t("design.toast"), () => toast(t("design.told"), "good"))}
      </div>
      <div class="design-frame">
        ${parts.topBar(t("design.screen"), { back: () => {}, end: parts.iconButton("bell", t("design.notice"), () => {}) })}
        ${parts.mapFrame(t("phone.map.title"))}
        ${parts.bottomBar(parts.button(t("design.action"), () => {}, { kind: "primary", wide: true }))}
      </div>
      <div class="design-frame">
        <div class="toasts"><div class="toast">${icon("circle-check")}<span>${t("design.told")}</span></div></div>
        <div class="sheet"><div class="sheet-body"><header class="sheet-head"><h2>${t("design.sheet")}</h2></header><p class="sheet-text">${t("design.sentence")}</p></div></div>
        ${parts.bottomBar(parts.places(t("phone.landing.where"), [{ href: "#1", glyph: "house", text: t("design.home") }, { href: "#2", glyph: "list", text: t("design.lists"), count: 3 }, { href: "#3", glyph: "user", text: t("design.me") }], "#1"))}
      </div>`,
  );
}

/** @param {Partial<typeof shown>} patch */
function change(patch) {
  Object.assign(shown, patch);
  draw();
}

function draw() {
  const root = document.getElementById("app");
  if (!root) return;
  render([tokens(), buttons(), badges(), forms(), lists(), told(), over()], root);
  for (const each of root.querySelectorAll("[data-colour]")) if (each instanceof HTMLElement) each.style.background = `var(--${each.dataset.colour})`;
  for (const each of root.querySelectorAll("[data-space]")) if (each instanceof HTMLElement) each.style.width = `var(--${each.dataset.space})`;
}

/** Every drawing that is shipped. */
async function drawIcons() {
  const sheet = await fetch(page.icons).then((answer) => answer.text());
  const names = [...sheet.matchAll(/<symbol id="([^"]+)"/g)].map(([, name]) => name ?? "");
  const place = document.querySelector("[data-icons]");
  if (place instanceof HTMLElement) render(names.map((name) => html`<span title=${name}>${icon(name, name)}</span>`), place);
}

draw();
await drawIcons();
const frame = document.querySelector("[data-map]");
if (frame instanceof HTMLElement) {
  const map = await openMap(frame, { center: { lat: 37.505, lon: 127.06 }, zoom: 11, isStill: true });
  const [from, to] = [{ lat: 37.4979, lon: 127.0276 }, { lat: 37.5133, lon: 127.1002 }];
  map?.show({ origin: from, destination: to, vias: [{ lat: 37.51, lon: 127.06 }], here: { lat: 37.49, lon: 127.02 }, driver: { lat: 37.52, lon: 127.04 }, route: [[from.lat, from.lon], [37.51, 127.06], [to.lat, to.lon]] });
}
