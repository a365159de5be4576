/** The page's configuration, its words, and how figures are written. */

/** @typedef {import("./types").PageConfig} PageConfig */

/** @returns {PageConfig} */
function readConfig() {
  const element = document.getElementById("page-config");
  if (!element?.textContent) throw new Error("the page carries no configuration");
  return JSON.parse(element.textContent);
}

export const config = readConfig();

/**
 * The sentence of `key` with its facts filled in; a missing key is shown as itself.
 * @param {string} key
 * @param {Record<string, string | number>} [facts]
 */
export function t(key, facts = {}) {
  const text = config.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(facts[name] ?? whole));
}

const timeOfDay = new Intl.DateTimeFormat(config.lang, {
  timeZone: "Asia/Seoul",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const whole = new Intl.NumberFormat(config.lang);

/** Time of day in Korea, to the second. @param {number} millis */
export const clock = (millis) => timeOfDay.format(millis);

/** @param {number} n */
export const count = (n) => whole.format(n);

/** `4:05`: minutes and seconds. @param {number} seconds */
export function minutes(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

/** `850 m`, `1.2 km`. @param {number} metres */
export function distance(metres) {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/**
 * The element that must be there.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function one(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector} on this page`);
  return found;
}
