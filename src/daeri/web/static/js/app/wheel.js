/** A wheel for day, hour and minute in Korean time, within what the policy allows: columns of radio buttons. */

import { html, repeat, t } from "../phone/view.js";

/** @typedef {{ min_minutes_ahead: number, max_days_ahead: number }} Bounds */

const STEP_MIN = 10;
const MINUTE_MS = 60_000;
const KST_MS = 9 * 60 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Korean wall-clock parts of an instant. @param {number} instant */
function parts(instant) {
  const korean = new Date(instant + KST_MS);
  return { day: Math.floor((instant + KST_MS) / DAY_MS), hour: korean.getUTCHours(), minute: korean.getUTCMinutes() };
}

/** @param {{ day: number, hour: number, minute: number }} at */
function instantOf({ day, hour, minute }) {
  return day * DAY_MS - KST_MS + (hour * 60 + minute) * MINUTE_MS;
}

/** The first and the last instant that may be chosen. @param {Bounds} bounds @param {number} now */
function limits(bounds, now) {
  const step = STEP_MIN * MINUTE_MS;
  // One step more than the policy's least, so that a slow finger is not refused.
  const first = Math.ceil((now + bounds.min_minutes_ahead * MINUTE_MS) / step + 0.5) * step;
  return { first, last: Math.floor((now + bounds.max_days_ahead * DAY_MS) / step) * step };
}

/** @param {number} instant @param {{ first: number, last: number }} within */
function held(instant, { first, last }) {
  return Math.min(last, Math.max(first, instant));
}

export const wheel = {
  /** The first time that may be chosen. @param {Bounds} bounds */
  first(bounds) {
    return new Date(limits(bounds, Date.now()).first).toISOString();
  },

  /** @param {() => string} chosen @param {Bounds} bounds @param {(at: string) => void} set */
  view(chosen, bounds, set) {
    const within = limits(bounds, Date.now());
    const now = () => parts(held(Date.parse(chosen()), within));
    const at = now();
    /** @param {Partial<typeof at>} patch */
    const turn = (patch) => set(new Date(held(instantOf({ ...now(), ...patch }), within)).toISOString());
    const [firstDay, lastDay] = [parts(within.first).day, parts(within.last).day];
    const days = Array.from({ length: lastDay - firstDay + 1 }, (_, n) => firstDay + n);
    const hours = hoursOf(at.day, within);
    const minutes = Array.from({ length: 60 / STEP_MIN }, (_, n) => n * STEP_MIN).filter((minute) => isWithin({ ...at, minute }, within));
    const today = parts(Date.now()).day;
    return html`<div class="wheel">
      ${column("day", t("app.wheel.day"), days, at.day, (day) => dayWords(day, today), (day) => turn({ day }))}
      ${column("hour", t("app.wheel.hour"), hours, at.hour, (hour) => t("app.wheel.h", { n: String(hour).padStart(2, "0") }), (hour) => turn({ hour }))}
      ${column("minute", t("app.wheel.minute"), minutes, at.minute, (minute) => t("app.wheel.m", { n: String(minute).padStart(2, "0") }), (minute) => turn({ minute }))}
    </div>`;
  },
};

/** @param {number} day @param {{ first: number, last: number }} within */
function hoursOf(day, within) {
  const all = Array.from({ length: 24 }, (_, hour) => hour);
  return all.filter((hour) => instantOf({ day, hour, minute: 50 }) >= within.first && instantOf({ day, hour, minute: 0 }) <= within.last);
}

/** @param {{ day: number, hour: number, minute: number }} at @param {{ first: number, last: number }} within */
function isWithin(at, within) {
  const instant = instantOf(at);
  return instant >= within.first && instant <= within.last;
}

/** @param {number} day @param {number} today */
function dayWords(day, today) {
  if (day === today) return t("app.wheel.today");
  if (day === today + 1) return t("app.wheel.tomorrow");
  const date = new Date(day * DAY_MS);
  return new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", day: "numeric", weekday: "short", timeZone: "UTC" }).format(date);
}

/**
 * @param {string} name @param {string} label @param {number[]} values @param {number} chosen
 * @param {(value: number) => string} words @param {(value: number) => void} set
 */
function column(name, label, values, chosen, words, set) {
  return html`<fieldset class="wheel-column" data-wheel=${name}>
    <legend>${label}</legend>
    <div class="wheel-values">
      ${repeat(
        values,
        (value) => value,
        (value) => html`<label><input type="radio" name=${`wheel-${name}`} value=${value} .checked=${value === chosen} @change=${() => set(value)} /><span>${words(value)}</span></label>`,
      )}
    </div>
  </fieldset>`;
}
