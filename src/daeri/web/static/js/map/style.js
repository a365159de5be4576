/** How the map looks: colours out of the page's tokens, the outline style, and the layers of drivers and calls. */

import { config } from "../words.js";

/** The family of tokens.css that holds our own Korean letters. */
export const FONT = "Daeri Sans";

/** The image of a destination. */
export const DIAMOND = "daeri-diamond";

/** The value of a colour token under the page's present theme. @param {string} token */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${token})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** The style under the layers: the setting's own, or the outline of regions that needs no internet. */
export function basemap() {
  return config.basemap.style_url ?? outline();
}

function outline() {
  return {
    version: 8,
    sources: { regions: { type: "geojson", data: new URL(config.basemap.outline_url, location.href).href } },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colour("map-water") } },
      { id: "land", type: "fill", source: "regions", paint: { "fill-color": colour("map-land") } },
      { id: "border", type: "line", source: "regions", paint: { "line-color": colour("map-border"), "line-width": 1 } },
      {
        id: "names",
        type: "symbol",
        source: "regions",
        layout: { "text-field": ["coalesce", ["get", `name_${config.lang}`], ["get", "name"], ""], "text-font": [FONT], "text-size": 12, "text-padding": 6 },
        paint: { "text-color": colour("map-label"), "text-halo-color": colour("map-land"), "text-halo-width": 1.5 },
      },
    ],
  };
}

/** A colour for each driver status. */
function byStatus() {
  return ["match", ["get", "status"], 1, colour("idle"), 2, colour("offered"), 3, colour("driving"), colour("quiet")];
}

/** A filled diamond, the mark of a destination, as distances from its edge: so the map can colour it. */
export function diamond() {
  const size = 24;
  const data = new Uint8ClampedArray(size * size * 4);
  for (let at = 0; at < size * size; at++) {
    const across = Math.abs((at % size) + 0.5 - size / 2);
    const down = Math.abs(Math.floor(at / size) + 0.5 - size / 2);
    // 191 is the edge, and 32 a pixel: what the map's renderer expects.
    data[4 * at + 3] = 191 - (32 * (across + down - 6.5)) / Math.SQRT2;
  }
  return { width: size, height: size, data };
}

/** The layers of drivers and calls, lowest first. */
export function layers() {
  const surface = colour("surface");
  const isWaiting = ["==", ["get", "state"], "requested"];
  const tone = ["case", isWaiting, colour("waiting"), colour("driving")];
  return [
    {
      id: "courses",
      type: "line",
      source: "courses",
      layout: { "line-cap": "round" },
      paint: { "line-color": tone, "line-width": 1.5, "line-dasharray": [1, 2.5], "line-opacity": ["case", isWaiting, 0.8, 0.35] },
    },
    {
      id: "drivers",
      type: "circle",
      source: "drivers",
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, 2, 11, 4, 15, 8],
        "circle-color": ["case", ["==", ["get", "status"], 4], "transparent", byStatus()],
        "circle-stroke-width": ["case", ["==", ["get", "status"], 4], 2, 1],
        "circle-stroke-color": ["case", ["==", ["get", "status"], 4], colour("quiet"), surface],
      },
    },
    {
      id: "destinations",
      type: "symbol",
      source: "destinations",
      layout: { "icon-image": DIAMOND, "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-size": ["interpolate", ["linear"], ["zoom"], 7, 0.5, 11, 0.8, 15, 1.2] },
      paint: { "icon-color": tone, "icon-halo-color": surface, "icon-halo-width": 1 },
    },
    {
      id: "chosen",
      type: "circle",
      source: "calls",
      filter: ["==", ["get", "id"], ""],
      paint: { "circle-radius": 18, "circle-color": colour("accent"), "circle-opacity": 0.25, "circle-stroke-color": colour("accent"), "circle-stroke-width": 2 },
    },
    {
      id: "calls",
      type: "circle",
      source: "calls",
      filter: isWaiting,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, 4, 11, 6.5, 15, 11],
        "circle-color": colour("waiting"),
        "circle-stroke-color": surface,
        "circle-stroke-width": 2.5,
      },
    },
  ];
}
