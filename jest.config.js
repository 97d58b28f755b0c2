/** ESM-only packages that jest has to compile to CommonJS. */
const esm = ["@kubernetes/client-node", "openid-client", "oauth4webapi", "jose"];

/** @type {import("jest").Config} */
const common = {
  testEnvironment: "node",
  transform: {
    "\\.[cm]?[tj]s$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join("|")})/)`],
  modulePathIgnorePatterns: ["<rootDir>/.lab/"],
};

/** @type {import("jest").Config} */
module.exports = {
  // On a slow machine compiling a test's imports alone takes longer than Jest's 5 s. In milliseconds.
  testTimeout: 60_000,
  // In one process for all files the copies of Pulumi's SDK, one a file, made promises cost more and more, until Node ran out of memory.
  workerIdleMemoryLimit: "400MB",
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/integration/"],
    },
    {
      ...common,
      displayName: "integration",
      testMatch: ["<rootDir>/test/integration/**/*.test.ts"],
      globalSetup: "<rootDir>/test/integration/set-up.ts",
    },
  ],
};
