import { defineConfig } from "vitest/config"

if (Number(process.versions.node.split(".")[0]) < 24) {
  throw new Error(`Sluice needs Node 24 or newer; this is ${process.version}. Run it as an npm script: npm test`)
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**", "test/e2e/**"],
          // One load of the modules for all files: half of the time else. No test changes what another sees.
          isolate: false,
          // Six seconds of work take longer beside what else a machine may do, and nothing is tried twice.
          testTimeout: 60_000
        }
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts", "test/e2e/**/*.test.ts"],
          globalSetup: ["test/support/globalSetup.ts"],
          // A second try on the machine that decides alone: what fails twice is broken.
          retry: process.env.CI === undefined ? 0 : 1,
          testTimeout: 120_000,
          hookTimeout: 240_000,
          // Two at once: each file has servers of its own, and waits for them half of the time.
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
})
