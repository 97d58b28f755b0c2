/** The programs that the lab runs: found, downloaded or built. */
export { ensureDoubles } from "./doubles";
export { ensureToolchain } from "./ensure";
export { type Program, programs } from "./programs";
export { type ToolchainOptions } from "./progress";
