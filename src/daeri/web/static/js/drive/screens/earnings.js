/** What the driver earned: seven days as bars and as figures, then the calls of a day. */

import { clock, day as dayWords, html, icon, nothing, svg, t, won } from "../../phone/view.js";
import { earnings as readEarnings, koreanDay, runsOf } from "../days.js";
import { level, sum, why } from "../../phone/rewards.js";
import { load, local, page } from "../go.js";
import { readBalance } from "../money.js";
import { empty, less, line, premiumLine, runsWords } from "../parts.js";
import { readStanding } from "./standing.js";

/** @typedef {import("../days.js").Earnings} Earnings */
/** @typedef {import("../types").Day} Day */
/** @typedef {import("../types").Run} Run */

const view = local({ last: koreanDay() });
const WIDTH = 336;
const HEIGHT = 132;
const GROUND = 108;
const HALF_LABEL = 38; // of an amount, so that the outermost stay inside

export function earnings() {
  return html`<section class="drive-earnings">
    <header class="drive-page-head"><h1>${t("drive.earnings.title")}</h1></header>
    ${load("balance", readBalance, balanceLine)}
    ${load(`earnings:${view.last}`, () => readEarnings(view.last), shown)}
    ${load("standing", readStanding, standingCard)}
  </section>`;
}

/** @param {import("./standing.js").Standing} read */
const standingCard = (read) => html`<a class="drive-run drive-standing" href="/drive/standing" aria-label=${t("drive.standing.title")}>${level(read)}</a>`;

/** @param {import("../money_shapes").Balance} money */
const balanceLine = (money) => html`<a class="drive-today" href="/drive/balance" data-balance-line><span class="drive-today-word">${t("drive.balance.title")}</span><strong class="tabular">${won(money.balance)}</strong>${icon("chevron-right")}</a>`;

/** @param {Earnings} read */
function shown({ days, total }) {
  return html`<p class="drive-figure"><span class="drive-figure-word">${t("drive.earnings.week")}</span><strong>${won(total.net)}</strong>
      <span class="drive-figure-how">${runsWords(total.runs)}</span></p>
    ${bars(days)}
    <div class="drive-switch">
      <button class="button plain" @click=${() => (view.last = moved(-7))} aria-label=${t("drive.earnings.earlier")}>${icon("arrow-left")}${t("drive.earnings.earlier_short")}</button>
      <button class="button plain" ?disabled=${view.last >= koreanDay()} @click=${() => (view.last = moved(7))} aria-label=${t("drive.earnings.later")}>${t("drive.earnings.later_short")}${icon("arrow-right")}</button>
    </div>
    <ul class="drive-rows">${[...days].reverse().map(row)}</ul>
    <dl class="drive-lines">${line(t("drive.net.fare"), won(total.fares))}${line(t("drive.net.commission"), less(total.commission))}${line(t("drive.net.premium"), less(total.premium))}${line(t("drive.net.net"), won(total.net), "total")}</dl>`;
}

/** @param {number} days */
function moved(days) {
  const to = new Date(Date.parse(`${view.last}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
  return to > koreanDay() ? koreanDay() : to;
}

/** @param {Day[]} days */
function bars(days) {
  const most = Math.max(1, ...days.map((each) => each.net));
  const step = WIDTH / days.length;
  const best = days.reduce((a, b) => (b.net > a.net ? b : a));
  const label = t("drive.earnings.chart", { day: shortDay(best.day), amount: won(best.net) });
  return html`<svg class="drive-bars" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>
    <path class="drive-bars-ground" d="M0 ${GROUND}.5H${WIDTH}" />
    ${days.map((each, at) => {
      const height = each.net > 0 ? Math.max(3, (each.net / most) * (GROUND - 22)) : 0;
      const x = at * step + step * 0.18;
      return svg`<rect class="drive-bar" data-best=${each === best && each.net > 0} x=${x} y=${GROUND - height} width=${step * 0.64} height=${height} rx="3" />
        ${each === best && each.net > 0 ? svg`<text class="drive-bar-top" x=${Math.min(Math.max(at * step + step / 2, HALF_LABEL), WIDTH - HALF_LABEL)} y=${GROUND - height - 6}>${won(each.net)}</text>` : nothing}
        <text class="drive-bar-day" x=${at * step + step / 2} y=${HEIGHT - 6}>${weekday(each.day)}</text>`;
    })}
  </svg>`;
}

/** @param {string} day */
const noon = (day) => `${day}T03:00:00Z`;
/** @param {string} day */
const shortDay = (day) => dayWords(noon(day));
const weekdays = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", timeZone: "Asia/Seoul" });
/** @param {string} day */
const weekday = (day) => weekdays.format(new Date(noon(day)));

/** @param {Day} each */
function row(each) {
  const words = html`<span class="drive-row-main"><strong>${shortDay(each.day)}</strong><span class="hint">${runsWords(each.runs)}</span></span><strong class="tabular">${won(each.net)}</strong>`;
  if (!each.runs) return html`<li class="drive-row" data-quiet>${words}<span class="icon"></span></li>`;
  return html`<li><a class="drive-row" href=${`/drive/earnings/${each.day}`}>${words}${icon("chevron-right")}</a></li>`;
}

/** @param {string} day */
export function earningsOfDay(day) {
  return page(shortDay(day), "/drive/earnings", load(`runs:${day}`, () => runsOf(day), (runs) => (runs.length ? html`<ul class="drive-runs">${runs.map(run)}</ul>` : empty(t("drive.earnings.none")))));
}

/** @param {Run} each */
function run(each) {
  return html`<li class="drive-run">
    <p class="drive-run-head"><strong>${clock(each.ended_at)}</strong><span class="number hint">${each.number}</span><span class="drive-chip">${t(`drive.kind.${each.kind}`)}</span><span class="drive-chip">${t(`drive.payment.${each.payment}`)}</span></p>
    <dl class="drive-lines">${line(t("drive.net.fare"), won(each.fare))}${line(t("drive.net.commission"), less(each.commission))}${premiumLine(each.kind, each.premium)}${line(t("drive.net.net"), won(each.net), "total")}</dl>
    ${counted(each)}
  </li>`;
}

/** What the ride counted beside money, and why. @param {Run} each */
function counted(each) {
  if (each.score === null) return html`<p class="hint">${each.is_drive ? t("reward.later") : t("reward.no_drive")}</p>`;
  return html`<p class="drive-counted">${icon("medal")}<span><strong>${sum(each)}</strong> <small>${why(each)}</small></span></p>`;
}
