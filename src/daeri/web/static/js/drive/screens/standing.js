/** Where the driver stands: level and the way to the next one, points, stars, and what each ride counted. */

import { get } from "../../phone/client.js";
import { level, sum, why } from "../../phone/rewards.js";
import { clock, count, day, html, nothing, t } from "../../phone/view.js";
import { explain } from "../actions.js";
import { load, local, page } from "../go.js";
import { empty, line, runsWords } from "../parts.js";

/** @typedef {import("../../phone/rewards.js").Standing & { rating: number | null, runs: number }} Standing */
/** @typedef {import("../types").Reward} Reward */

/** What was asked for beyond the first page. @type {{ items: Reward[], next: string | null, isBusy: boolean }} */
const beyond = local({ items: [], next: null, isBusy: false });

export const readStanding = async () => /** @type {Standing} */ (await get("/driver/standing"));

export function standing() {
  return page(t("drive.standing.title"), "/drive/me", load("standing", readStanding, shown));
}

/** @param {Standing} read */
function shown(read) {
  return html`<section class="drive-run" aria-label=${t("reward.level")}>${level(read)}</section>
    <dl class="drive-lines">
      ${line(t("reward.points"), count(read.points))}
      ${line(t("drive.standing.runs"), runsWords(read.runs))}
      ${line(t("drive.standing.rating"), read.rating === null ? t("drive.standing.no_rating") : t("drive.standing.stars", { n: read.rating.toFixed(1) }))}
    </dl>
    <h2>${t("reward.history")}</h2>
    ${load("rewards", readFirst, history)}`;
}

/** @param {string} [cursor] */
async function readRewards(cursor) {
  return /** @type {{ items: Reward[], next_cursor: string | null }} */ (await get(`/driver/rewards${cursor ? `?cursor=${cursor}` : ""}`));
}

async function readFirst() {
  const found = await readRewards();
  Object.assign(beyond, { items: [], next: found.next_cursor, isBusy: false });
  return found.items;
}

async function readOn() {
  beyond.isBusy = true;
  try {
    const found = await readRewards(beyond.next ?? "");
    Object.assign(beyond, { items: [...beyond.items, ...found.items], next: found.next_cursor });
  } catch (problem) {
    explain(problem);
  }
  beyond.isBusy = false;
}

/** @param {Reward[]} first */
function history(first) {
  if (!first.length) return empty(t("reward.history.none"), "", "award");
  return html`<ul class="drive-runs">${[...first, ...beyond.items].map(award)}</ul>
    ${beyond.next ? html`<button class="button plain wide drive-big" ?disabled=${beyond.isBusy} @click=${readOn}>${t("reward.more")}</button>` : nothing}`;
}

/** @param {Reward} each */
const award = (each) => html`<li class="drive-run" data-reward=${each.call_id}>
  <p class="drive-run-head"><strong>${sum(each)}</strong><span class="drive-chip">${t(`drive.kind.${each.kind}`)}</span></p>
  <p class="hint">${why(each)}</p>
  <p class="hint">${day(each.ended_at)} ${clock(each.ended_at)} · <span class="number">${each.number}</span></p>
</li>`;
