/** A small map drawn at once and without a network: where the driver, the customer and the way are to each other. */

import { html, km, nothing, svg, t } from "../phone/view.js";
import { known } from "./outline.js";

/** @typedef {{ lat: number, lon: number }} Point */
/** @typedef {Point & { kind: "me" | "origin" | "via" | "destination" | "call", text?: string, id?: string, isChosen?: boolean }} Mark */

const WIDTH = 360;
const PAD = 34;
const SMALLEST_SPAN_M = 700;
const METRES_A_DEGREE = 111_320;
const NICE_M = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

/**
 * @param {Mark[]} marks
 * @param {{ label: string, height?: number, course?: Point[], dashed?: Point[], choose?: (id: string) => void }} options
 */
export function sketch(marks, options) {
  if (!marks.length) return nothing;
  const height = options.height ?? 168;
  const view = frame([...marks, ...(options.course ?? [])], height);
  return html`<svg class="sketch" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${options.label} preserveAspectRatio="xMidYMid slice">
    ${ground(view, height)} ${line(options.dashed, view, "sketch-approach")} ${line(options.course, view, "sketch-course")}
    ${marks.map((mark) => drawn(mark, view, options.choose))} ${scale(view, height)}
  </svg>`;
}

/** @typedef {{ x: (point: Point) => number, y: (point: Point) => number, box: [number, number, number, number], pxPerM: number }} View */

/**
 * The view that holds every point with room around it.
 * @param {Point[]} points
 * @param {number} height
 * @returns {View}
 */
function frame(points, height) {
  const lats = points.map((point) => point.lat);
  const lons = points.map((point) => point.lon);
  const lat = (Math.min(...lats) + Math.max(...lats)) / 2;
  const lon = (Math.min(...lons) + Math.max(...lons)) / 2;
  const metresOfLon = METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180);
  const across = Math.max(SMALLEST_SPAN_M, (Math.max(...lons) - Math.min(...lons)) * metresOfLon);
  const down = Math.max(SMALLEST_SPAN_M / 2, (Math.max(...lats) - Math.min(...lats)) * METRES_A_DEGREE);
  const pxPerM = Math.min((WIDTH - 2 * PAD) / across, (height - 2 * PAD) / down);
  const halfLon = WIDTH / 2 / pxPerM / metresOfLon;
  const halfLat = height / 2 / pxPerM / METRES_A_DEGREE;
  return {
    x: (point) => round(WIDTH / 2 + (point.lon - lon) * metresOfLon * pxPerM),
    y: (point) => round(height / 2 - (point.lat - lat) * METRES_A_DEGREE * pxPerM),
    box: [lon - halfLon, lat - halfLat, lon + halfLon, lat + halfLat],
    pxPerM,
  };
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** The regions under the points, with their borders and names. @param {View} view @param {number} height */
function ground(view, height) {
  const [west, south, east, north] = view.box;
  const near = known().filter(({ box }) => box[0] < east && box[2] > west && box[1] < north && box[3] > south);
  const path = near
    .flatMap((region) => region.rings)
    .map((ring) => `M${ring.map(([lon, lat]) => `${view.x({ lat, lon })} ${view.y({ lat, lon })}`).join("L")}Z`)
    .join("");
  return svg`<rect class="sketch-ground" width=${WIDTH} height=${height} /><path class="sketch-border" d=${path} />`;
}

/** @param {Point[] | undefined} points @param {View} view @param {string} name */
function line(points, view, name) {
  if (!points || points.length < 2) return nothing;
  return svg`<polyline class=${name} points=${points.map((point) => `${view.x(point)},${view.y(point)}`).join(" ")} />`;
}

/** @param {Mark} mark @param {View} view @param {((id: string) => void) | undefined} choose */
function drawn(mark, view, choose) {
  const place = `translate(${view.x(mark)} ${view.y(mark)})`;
  const shape = {
    me: svg`<circle class="sketch-halo" r="13" /><circle class="sketch-me" r="6.5" />`,
    origin: svg`<circle class="sketch-origin" r="8" /><circle class="sketch-eye" r="3" />`,
    call: svg`<circle class="sketch-origin" r=${mark.isChosen ? 11 : 8} />`,
    via: svg`<circle class="sketch-via" r="8" /><text class="sketch-text" y="3.6">${mark.text}</text>`,
    destination: svg`<path class="sketch-destination" d="M0-10 10 0 0 10-10 0Z" />`,
  }[mark.kind];
  const { id } = mark;
  if (!id || !choose) return svg`<g transform=${place}>${shape}</g>`;
  return svg`<g class="sketch-press" transform=${place} @click=${() => choose(id)}><circle class="sketch-reach" r="24" />${shape}</g>`;
}

/** @param {View} view @param {number} height */
function scale(view, height) {
  const metres = NICE_M.findLast((each) => each * view.pxPerM <= WIDTH / 3) ?? 100;
  const length = metres * view.pxPerM;
  const y = height - 10;
  return svg`<path class="sketch-scale" d=${`M12 ${y - 4}V${y}H${round(12 + length)}V${y - 4}`} /><text class="sketch-scale-text" x=${round(18 + length)} y=${y + 1}>${km(metres)}</text>`;
}

/**
 * The words for a map that nobody sees.
 * @param {string} from @param {string} to
 */
export const sketchLabel = (from, to) => t("drive.map.label", { from, to });
