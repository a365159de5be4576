/** The outline of regions, fetched once: the ground of small maps, and what regions are called. */

import { signal } from "./wire.js";

/**
 * @typedef {object} Region
 * @property {string} code
 * @property {string} ko
 * @property {string} en
 * @property {[number, number][][]} rings longitude, latitude
 * @property {[number, number, number, number]} box west, south, east, north
 */

/** @type {Region[]} */
let regions = [];
/** @type {Promise<void> | null} */
let loading = null;

/** The regions known so far; the first question fetches them and draws anew when they are there. */
export function known() {
  loading ??= load();
  return regions;
}

/** What a region is called, by its code or the longest beginning of it that is known. @param {string | null | undefined} code */
export function regionName(code) {
  if (!code) return "";
  const found = known().find((region) => region.code === code) ?? known().find((region) => code.startsWith(region.code) || region.code.startsWith(code));
  if (!found) return /^\d+$/.test(code) ? "" : code;
  return document.documentElement.lang === "en" ? found.en : found.ko;
}

async function load() {
  try {
    const answer = await fetch("/api/v1/regions/outline.geojson");
    if (!answer.ok) throw new Error(String(answer.status));
    regions = (await answer.json()).features.map(regionOf);
    signal();
  } catch {
    // Maps stand without it; it is asked for again later.
    setTimeout(() => (loading = null), 30_000);
  }
}

/** @param {{ properties: { code: string, name_ko: string, name_en: string }, geometry: { coordinates: [number, number][][][] } }} feature @returns {Region} */
function regionOf({ properties, geometry }) {
  const rings = geometry.coordinates.flat();
  const lons = rings.flat().map((point) => point[0]);
  const lats = rings.flat().map((point) => point[1]);
  return { code: properties.code, ko: properties.name_ko, en: properties.name_en, rings, box: [least(lons), least(lats), most(lons), most(lats)] };
}

/** @param {number[]} numbers */
const least = (numbers) => numbers.reduce((a, b) => Math.min(a, b), Infinity);
/** @param {number[]} numbers */
const most = (numbers) => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
