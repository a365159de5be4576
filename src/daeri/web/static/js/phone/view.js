/** What screens are written with: templates, words, and how amounts, distances and times are written. */

import { html, nothing, render, svg } from "../../vendor/lit/lit-html.js";
import { live } from "../../vendor/lit/directives/live.js";
import { repeat } from "../../vendor/lit/directives/repeat.js";
import { t } from "../words.js";
import { page } from "./page.js";

export { html, live, nothing, render, repeat, svg, t };

const DASH = "–";
const ZONE = "Asia/Seoul";
const whole = new Intl.NumberFormat(page.lang);
const timeOfDay = new Intl.DateTimeFormat(page.lang, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayOfYear = new Intl.DateTimeFormat(page.lang, { timeZone: ZONE, month: "short", day: "numeric", weekday: "short" });
const dayWithYear = new Intl.DateTimeFormat(page.lang, { timeZone: ZONE, year: "numeric", month: "short", day: "numeric" });
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });

/** `1,200`. @param {number} n */
export const count = (n) => whole.format(n);

/** `24,000원`, `₩24,000`. @param {number | null | undefined} amount whole won */
export function won(amount) {
  if (amount === null || amount === undefined) return DASH;
  const figure = whole.format(Math.abs(amount));
  const sign = amount < 0 ? "−" : "";
  return page.lang === "ko" ? `${sign}${figure}원` : `${sign}₩${figure}`;
}

/** `850 m`, `3.2 km`, `41 km`. @param {number | null | undefined} metres */
export function km(metres) {
  if (metres === null || metres === undefined) return DASH;
  if (metres < 995) return `${Math.round(metres / 10) * 10} m`;
  return metres < 9_950 ? `${(metres / 1000).toFixed(1)} km` : `${whole.format(Math.round(metres / 1000))} km`;
}

/** `12분`, `1시간 5분`; `12 min`, `1 h 5 min`. @param {number | null | undefined} seconds */
export function minutes(seconds) {
  if (seconds === null || seconds === undefined) return DASH;
  const all = Math.max(seconds > 0 ? 1 : 0, Math.round(seconds / 60));
  const [hours, rest] = [Math.floor(all / 60), all % 60];
  if (!hours) return t("phone.minutes", { n: rest });
  return rest ? t("phone.hours_minutes", { hours, n: rest }) : t("phone.hours", { hours });
}

/** `4:05`: minutes and seconds of a count that runs. @param {number} seconds */
export function countdown(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

/** Time of day in Korea: `23:04`. @param {string | number | Date | null | undefined} instant */
export function clock(instant) {
  return instant === null || instant === undefined ? DASH : timeOfDay.format(new Date(instant));
}

/** Day in Korea: `오늘`, `어제`, `내일`, `11월 20일 (금)`, with the year where it is another. @param {string | number | Date | null | undefined} instant */
export function day(instant) {
  if (instant === null || instant === undefined) return DASH;
  const [that, today] = [isoDay.format(new Date(instant)), isoDay.format(new Date())];
  const apart = Math.round((Date.parse(that) - Date.parse(today)) / 86_400_000);
  if (apart === 0) return t("phone.today");
  if (apart === -1) return t("phone.yesterday");
  if (apart === 1) return t("phone.tomorrow");
  return (that.slice(0, 4) === today.slice(0, 4) ? dayOfYear : dayWithYear).format(new Date(instant));
}

/** The calendar day in Korea as the API writes it: `2026-11-22`. @param {string | number | Date} instant */
export const isoDate = (instant) => isoDay.format(new Date(instant));

/** `방금`, `5분 전`, then the time and the day. @param {string | number | Date} instant */
export function ago(instant) {
  const seconds = (Date.now() - new Date(instant).getTime()) / 1000;
  if (seconds < 60) return t("phone.just_now");
  if (seconds < 3_600) return t("phone.minutes_ago", { n: Math.floor(seconds / 60) });
  return `${day(instant)} ${clock(instant)}`;
}

/**
 * A drawing of vendor/icons.svg; without words it says nothing to a screen reader.
 * @param {string} name @param {string} [label]
 */
export function icon(name, label = "") {
  const drawing = `${page.icons}#${name}`;
  return label
    ? html`<svg class="icon" role="img" aria-label=${label}><use href=${drawing}></use></svg>`
    : html`<svg class="icon" aria-hidden="true"><use href=${drawing}></use></svg>`;
}
