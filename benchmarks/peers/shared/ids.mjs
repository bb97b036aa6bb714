// Ids on the wire: a TypeID is a prefix and a UUID in 26 letters of base32.
import { randomBytes } from "node:crypto";

const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
const PAIRS = Array.from({ length: 1024 }, (_, i) => LETTERS[i >> 5] + LETTERS[i & 31]);

export function encode(prefix, uuid) {
  const hex = uuid.replaceAll("-", "");
  let id = `${prefix}_${PAIRS[parseInt(hex.slice(0, 2), 16)]}`;
  for (let i = 2; i < 32; i += 5) {
    const bits = parseInt(hex.slice(i, i + 5), 16);
    id += PAIRS[bits >> 10] + PAIRS[bits & 1023];
  }
  return id;
}

export function decode(id) {
  let bits = 0n;
  for (const letter of id.slice(id.indexOf("_") + 1)) {
    bits = (bits << 5n) | BigInt(LETTERS.indexOf(letter));
  }
  return dashed(bits.toString(16).padStart(32, "0"));
}

export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return dashed(bytes.toString("hex"));
}

function dashed(hex) {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
