import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Files that get smaller are written compressed beside themselves, so that the controller never has to compress. */
function compressed(): Plugin {
  const worth = /\.(html|js|css|svg|json)$/;
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (!worth.test(file.fileName)) continue;
        const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
        this.emitFile({ type: 'asset', fileName: `${file.fileName}.br`, source: brotliCompressSync(bytes, brotli) });
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
