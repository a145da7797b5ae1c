/** Checks that every compressed file in a folder holds what its plain twin does. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true }).map(String);
const open = { '.gz': gunzipSync, '.br': brotliDecompressSync };
for (const file of files) {
  const ending = file.slice(-3);
  if (!(ending in open)) continue;
  const plain = readFileSync(join(folder, file.slice(0, -3)));
  if (!open[ending](readFileSync(join(folder, file))).equals(plain)) {
    console.error(`${file} does not hold what ${file.slice(0, -3)} does`);
    process.exitCode = 1;
  }
}
