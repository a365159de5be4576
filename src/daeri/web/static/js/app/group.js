/** Several cars in one request: each is a call of its own, with its own driver and state. */

import { html, icon, nothing, t } from "../phone/view.js";
import { badge } from "./bits.js";
import { state } from "./store.js";

/** @param {import("./types").Call} call */
export function group(call) {
  if (!call.group || call.group.size < 2) return nothing;
  return html`<section aria-label=${t("app.group")}>
    <h2 class="small-title">${t("app.group.title", { n: call.group.size })}</h2>
    <ul class="cars">
      ${call.group.calls.map((one, at) => {
        const known = state.known.calls.get(one.id);
        const of = known?.state ?? one.state;
        return html`<li>
          <a class="row" href=${`/app/calls/${one.id}`} data-replace data-car=${one.id} aria-current=${one.id === call.id ? "page" : nothing}>
            ${icon("car")}<span class="row-main"><b>${t("app.rider.car", { n: at + 1 })}</b><small>${known?.car?.plate ?? known?.rider?.name ?? ""} ${known?.driver?.name ?? ""}</small></span>${badge(of)}
          </a>
        </li>`;
      })}
    </ul>
  </section>`;
}
