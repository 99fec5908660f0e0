/**
 * The test run of `npm test`. Two workers at most: the tests start real servers, and a small machine is the common case. GODWIT_TEST_REPORT names a file that gets the results as JSON (.ci/run).
 */
import { defineConfig } from 'vitest/config';

const report = process.env['GODWIT_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: report ? ['default', 'json'] : ['default'],
    outputFile: report ? { json: report } : {},
  },
});
