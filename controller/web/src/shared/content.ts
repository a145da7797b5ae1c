/** Bytes between the API's JSON and the page. */

import type { Content } from './types';

const decoder = new TextDecoder();
const strict = new TextDecoder('utf-8', { fatal: true });

export function toBytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** As text; what is not UTF-8 becomes U+FFFD. */
export function toText(content: Content | undefined): string {
  if (content === undefined) return '';
  return typeof content === 'string' ? content : decoder.decode(toBytes(content.base64));
}

/** Text where the bytes are UTF-8, else base64: the two fields of a source file. */
export function ofBytes(bytes: Uint8Array): { content: string } | { base64: string } {
  try {
    return { content: strict.decode(bytes) };
  } catch {
    return { base64: toBase64(bytes) };
  }
}

/** Gives a file to whoever is at the browser. */
export function download(name: string, data: string | Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([data]));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
