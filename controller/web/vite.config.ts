import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Files that get smaller are written compressed beside themselves, so that the controller never has to compress. */
function compressed(): Plugin {
  const worth = /\.(html|js|css|svg|json)$/;
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    name: 'compressed',
    apply: 'build',
    // Only what has been written is what it will be: others still change it before that.
    writeBundle({ dir = 'dist' }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => worth.test(name))) {
        const path = join(dir, name);
        const bytes = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, brotli));
      }
    },
  };
}

// While developing: RUCHE_URL=http://127.0.0.1:7080 npm run dev
const controller = process.env.RUCHE_URL ?? 'http://127.0.0.1:7080';

export default defineConfig({
  plugins: [svelte(), compressed()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': { target: controller, ws: true } } },
  test: { include: ['src/**/*.test.ts'] },
});
