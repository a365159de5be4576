/** Hands the way over to the phone's own map: `geo:` for whatever app the driver has, and the operator's links. */

import { choose } from "./ask.js";
import { navigation } from "./config.js";
import { t } from "../phone/view.js";

/** @typedef {import("./types").Place} Place */

const GEO = "geo";

/** Further ways, by setting: a name and an address with {lat}, {lon} and {name}. */
export const mapLinks = () => [{ name: t("drive.navigate.phone"), url: GEO }, ...navigation];

/** @param {Place} place */
export async function navigate(place) {
  const links = mapLinks();
  if (links.length === 1) return go(address(GEO, place));
  const choices = links.map((link, at) => ({ value: String(at), text: link.name }));
  const chosen = await choose({ title: t("drive.navigate.choose"), text: t("drive.navigate.more"), choices });
  const link = chosen === undefined ? undefined : links[Number(chosen)];
  if (link) go(address(link.url, place));
}

/** @param {string} template @param {Place} place */
export function address(template, place) {
  const lat = place.lat.toFixed(6);
  const lon = place.lon.toFixed(6);
  const name = encodeURIComponent(place.name);
  if (template === GEO) return `geo:${lat},${lon}?q=${lat},${lon}(${name})`;
  return template.replaceAll("{lat}", lat).replaceAll("{lon}", lon).replaceAll("{name}", name);
}

/** @param {string} url */
function go(url) {
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noopener";
  if (!url.startsWith("geo:")) link.target = "_blank";
  link.click();
}
