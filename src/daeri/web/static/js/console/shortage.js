/** The shortage signal above the board (R-052): where drivers are short and why, and the weather as staff say it. */

import { get, Problem, send, session } from "../phone/client.js";
import { badge, button, field, notice, select } from "../phone/parts.js";
import { openSheet, toast } from "../phone/sheet.js";
import { clock, html, icon, nothing, render, t } from "../phone/view.js";
import { config, one } from "../words.js";

/** @typedef {"none" | "tight" | "short"} Level */
/** @typedef {{ region: string | null, name_ko: string | null, name_en: string | null, calls: number, level: Level, reason: "volume" | "weather" | null, waiting: number, free_drivers: number | null }} Area */
/** @typedef {{ region: string | null, condition: string, since: string, until: string | null }} Weather */
/** @typedef {{ level: Level, areas: Area[], weather: Weather[] }} Board */

const EVERY_MS = 10_000;
const TONES = /** @type {const} */ ({ none: "good", tight: "warn", short: "bad" });
const CONDITIONS = ["clear", "rain", "snow", "storm"];
const root = one("#shortage");

async function show() {
  try {
    draw(await get("/console/shortage"));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    render(notice(problem.detail, "warn"), root);
  }
}

/** @param {Board} board */
function draw(board) {
  const short = board.areas.filter((area) => area.level !== "none");
  render(
    html`<span class="shortage-lead">${icon("users")}<strong>${t("ops.shortage.title")}</strong>${badge(t(`shortage.${board.level}`), TONES[board.level])}</span>
      ${short.map(areaBadge)}
      ${board.weather.map((each) => badge(`${t(`weather.${each.condition}`)}${each.until ? ` ~${clock(each.until)}` : ""}`, each.condition === "clear" ? "quiet" : "accent"))}
      ${button(t("ops.weather.say"), () => void sayWeather(board), { kind: "quiet", glyph: "cloud-rain" })}`,
    root,
  );
}

/** @param {Area} area */
function areaBadge(area) {
  const name = (config.lang === "ko" ? area.name_ko : area.name_en) ?? t("ops.shortage.nowhere");
  const why = area.reason ? ` · ${t(`shortage.reason.${area.reason}`)}` : "";
  const free = area.free_drivers === null ? "" : ` · ${t("ops.shortage.counts", { waiting: area.waiting, free: area.free_drivers })}`;
  return badge(`${name} ${t(`shortage.${area.level}`)}${why}${free}`, TONES[area.level]);
}

/** @param {Board} board */
async function sayWeather(board) {
  const draft = { condition: board.weather[0]?.condition ?? "rain", region: "", until: "", wrong: "" };
  const isSaid = await openSheet(
    t("ops.weather.say"),
    (/** @type {(value?: boolean) => void} */ close, redraw) => html`
      <p class="sheet-text">${t("ops.weather.text")}</p>
      ${select("condition", t("ops.weather.condition"), CONDITIONS.map((value) => ({ value, label: t(`weather.${value}`) })), draft.condition, (value) => (draft.condition = value))}
      ${field("weather-region", t("ops.policy.region"), draft.region, (value) => (draft.region = value), { hint: t("ops.policy.region.hint"), inputmode: "numeric", maxlength: 10 })}
      ${field("weather-until", t("ops.weather.until"), draft.until, (value) => (draft.until = value), { type: "datetime-local", hint: t("ops.weather.until.hint") })}
      ${draft.wrong ? notice(draft.wrong, "bad") : nothing}
      <div class="sheet-actions">
        ${button(t("ops.back"), () => close(false))}
        ${button(t("ops.weather.say"), async () => {
          draft.wrong = await said(draft);
          if (draft.wrong) redraw();
          else close(true);
        }, { kind: "primary" })}
      </div>`,
    { kind: "dialog" },
  );
  if (!isSaid) return;
  toast(t("ops.done"), "good");
  await show();
}

/** What is wrong with it; empty when it was said. @param {{ condition: string, region: string, until: string }} draft */
async function said({ condition, region, until }) {
  try {
    await send("/console/weather", { condition, region: region.trim() || null, until: until ? `${until}:00+09:00` : null }, { method: "PUT" });
    return "";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem.detail;
  }
}

await session();
await show();
setInterval(() => {
  if (!document.hidden) void show();
}, EVERY_MS);
