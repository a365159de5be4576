/** A position as the socket takes it: 20 bytes, little-endian, as docs of the API say. */

export const RECORD_BYTES = 20;
const MOST_DM = 65_535;

/** @typedef {import("./types").Fix} Fix */

/**
 * at_ms int64, lat_e7 int32, lon_e7 int32, accuracy in decimetres uint16, two bytes of nothing.
 * @param {Fix} fix
 * @returns {ArrayBuffer}
 */
export function record(fix) {
  const buffer = new ArrayBuffer(RECORD_BYTES);
  const view = new DataView(buffer);
  view.setBigInt64(0, BigInt(Math.round(fix.at)), true);
  view.setInt32(8, Math.round(fix.lat * 1e7), true);
  view.setInt32(12, Math.round(fix.lon * 1e7), true);
  view.setUint16(16, Math.min(MOST_DM, Math.max(0, Math.round(fix.accuracy * 10))), true);
  return buffer;
}
