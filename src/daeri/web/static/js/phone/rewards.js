/** What rides count beside money, in words and as a bar: levels, hours, score, points, who pays the premium. */

import { page } from "./page.js";
import { progress } from "./parts.js";
import { html, icon, nothing, t } from "./view.js";

/** @typedef {{ name: string, from_score: number }} Level */
/** @typedef {{ days: number[], from_hour: number, until_hour: number }} Slot */
/** @typedef {{ level: Level, next_level: Level | null, score: number, points: number, window_days: number }} Standing */
/** @typedef {{ kind: string, score: number | null, points: number | null, slot: Slot | null }} Worth */

const MONDAY = Date.UTC(2024, 0, 1, 3);
const DAY_MS = 86_400_000;
const names = new Intl.DateTimeFormat(page.lang, { weekday: "short", timeZone: "Asia/Seoul" });
const weekday = (/** @type {number} */ day) => names.format(MONDAY + (day - 1) * DAY_MS);

/** A level of ours has words; one that the company named is shown by that name. @param {string} name */
export function levelName(name) {
  const key = `reward.level.${name}`;
  const words = t(key);
  return words === key ? name : words;
}

/** `금·토 21–2시`. @param {Slot | null} slot */
export function hours(slot) {
  if (!slot) return t("reward.other_hours");
  const days = slot.days.length === 7 ? t("reward.every_day") : slot.days.map(weekday).join("·");
  return t("reward.hours", { days, from: slot.from_hour, until: slot.until_hour });
}

/** Why a ride counted what it counted, or nothing. @param {Worth} worth */
export const why = (worth) => (["affiliate", "consigned"].includes(worth.kind) ? t(`reward.uncounted.${worth.kind}`) : hours(worth.slot));

/** `점수 +3 · 포인트 +10`. @param {Worth} worth */
export const sum = (worth) => [t("reward.plus_score", { n: worth.score ?? 0 }), t("reward.plus_points", { n: worth.points ?? 0 })].join(" · ");

/** Who bears the insurance of a call. @param {string} kind @param {number} premium */
export function premiumWords(kind, premium) {
  if (kind === "consigned" && !premium) return t("reward.premium.partner");
  if (premium) return t("reward.premium.charged");
  return t(kind === "phone" ? "reward.premium.free" : "reward.premium.supported");
}

/** The level, and how far it is to the next one. @param {Standing} standing */
export function level(standing) {
  const { level: here, next_level: next, score } = standing;
  const name = levelName(here.name);
  const far = next ? t("reward.to_next", { level: levelName(next.name), n: next.from_score - score }) : t("reward.top");
  return html`<div class="level">
    <p class="level-head">${icon("medal")}<strong>${name}</strong><span class="level-score">${t("reward.scored", { n: score })}${next ? html`<small> / ${next.from_score}</small>` : nothing}</span></p>
    ${progress(far, next ? (score - here.from_score) / (next.from_score - here.from_score) : 1)}
    <p class="level-far"><span>${t("reward.window", { n: standing.window_days })}</span><span>${far}</span></p>
  </div>`;
}
