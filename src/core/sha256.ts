import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * SHA-256 in lower-case hexadecimal of bytes, or of a text's UTF-8.
 *
 * @example sha256Hex('').slice(0, 8) // => 'e3b0c442'
 */
export function sha256Hex(content: string | Uint8Array): string {
  return bytesToHex(sha256(typeof content === 'string' ? utf8ToBytes(content) : content));
}
