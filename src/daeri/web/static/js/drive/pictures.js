/** Pictures of documents, made small enough to be sent over a telephone at night. */

const LONGEST_PX = 2_000;
const QUALITY = 0.85;
const SMALL_BYTES = 1_500_000;
const PICTURES = ["image/jpeg", "image/png", "image/webp"];

/**
 * A large picture as a smaller one; anything else as it is.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function shrunk(file) {
  if (!PICTURES.includes(file.type) || file.size <= SMALL_BYTES) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", QUALITY));
  } catch {
    return file;
  }
}
