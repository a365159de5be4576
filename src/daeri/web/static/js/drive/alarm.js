/** Sound and vibration for a card: off until the driver turns them on, because browsers and nights want it so. */

const KEY = "daeri.drive.alarm";

/** @typedef {{ sound: boolean, vibration: boolean }} Choice */

/** @returns {Choice} */
export function choice() {
  try {
    return { sound: false, vibration: false, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { sound: false, vibration: false };
  }
}

/** @param {Partial<Choice>} part */
export function choose(part) {
  localStorage.setItem(KEY, JSON.stringify({ ...choice(), ...part }));
  if (part.sound) play();
  if (part.vibration) vibrate();
}

export const canVibrate = () => "vibrate" in navigator;

/** A card has come. */
export function ring() {
  if (choice().sound) play();
  if (choice().vibration) vibrate();
}

function vibrate() {
  if (canVibrate()) navigator.vibrate([200, 80, 200, 80, 400]);
}

/** @type {AudioContext | null} */
let audio = null;

/** Three rising notes, made here: no file to load in a tunnel. */
function play() {
  try {
    audio ??= new AudioContext();
    audio.resume();
    const begin = audio.currentTime;
    [660, 880, 1175].forEach((pitch, at) => note(/** @type {AudioContext} */ (audio), pitch, begin + at * 0.16));
  } catch {
    // No sound on this device.
  }
}

/** @param {AudioContext} context @param {number} pitch @param {number} at */
function note(context, pitch, at) {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = pitch;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.35, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.15);
  tone.connect(loudness).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.16);
}
