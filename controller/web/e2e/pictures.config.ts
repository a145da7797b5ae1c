import { defineConfig } from 'vitest/config';

/** The pictures of the README: `npm run pictures`. */
export default defineConfig({ test: { include: ['e2e/pictures.ts'], testTimeout: 180_000, hookTimeout: 120_000 } });
