/** First passwords, to be read from paper and typed. */

/** Nothing that is taken for something else: no `i`, `l`, `o`, `0`, `1`. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 3;
const GROUP_LENGTH = 4;

/** What the controller wants at least, in bytes. */
export const SHORTEST = 8;

/** Three groups of four characters: 59 random bits. */
export function generate(): string {
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LENGTH }, letter).join(''));
  return groups.join('-');
}

/** Each is as likely as any other: bytes beyond the last whole round are thrown again. */
function letter(): string {
  const fair = 256 - (256 % LETTERS.length);
  for (;;) {
    const [byte = fair] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < fair) return LETTERS.charAt(byte % LETTERS.length);
  }
}
