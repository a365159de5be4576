/** A driver's rewards on their file: level, score, points, and what each ride counted. */

import { get, Problem } from "../phone/client.js";
import { badge, button, facts } from "../phone/parts.js";
import { level, sum, why } from "../phone/rewards.js";
import { toast } from "../phone/sheet.js";
import { count, html, nothing, t } from "../phone/view.js";
import { bare, callLink, entries, part, when } from "./pieces.js";

/** @typedef {import("./shapes").RewardPanel} RewardPanel */
/** @typedef {import("./shapes").Reward} Reward */

/** @param {string} driver @param {RewardPanel} panel what was read so far @param {() => void} redraw */
export function rewards(driver, panel, redraw) {
  const more = panel.next_cursor ? html`<p class="operators-more">${button(t("reward.more"), () => readOn(driver, panel, redraw))}</p>` : nothing;
  return part(
    t("ops.policy.rewards.name"),
    html`${level(panel)}
      ${facts([[t("reward.points"), count(panel.points)]])}
      <h3 class="operators-sub">${t("reward.history")}</h3>
      ${panel.items.length ? entries(panel.items.map(line)) : bare(t("reward.history.none"))}${more}`,
    nothing,
    "rewards",
  );
}

/** @param {Reward} each */
const line = (each) => html`<li data-reward=${each.call_id}>
  <p class="entry-head"><strong>${sum(each)}</strong>${badge(t(`reward.kind.${each.kind}`))}<span class="hint">${why(each)} · ${callLink(each.call_id, each.number)}</span><time>${when(each.ended_at)}</time></p>
</li>`;

/** @param {string} driver @param {RewardPanel} panel @param {() => void} redraw */
async function readOn(driver, panel, redraw) {
  try {
    const found = await get(`/console/drivers/${driver}/rewards?cursor=${panel.next_cursor}`);
    panel.items.push(...found.items);
    panel.next_cursor = found.next_cursor;
    redraw();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    toast(problem.detail, "bad");
  }
}
