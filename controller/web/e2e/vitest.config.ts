import { defineConfig } from 'vitest/config';

// One browser and one cluster at a time: the machine is the runners' as well.
export default defineConfig({
  test: { include: ['e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 },
});
