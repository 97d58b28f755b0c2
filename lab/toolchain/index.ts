/** The programs that the lab runs: found, downloaded or built. */
export { ensureToolchain } from "./ensure";
export { findIstiod } from "./istiod";
export { moduleCharts, releaseHub } from "./istio-charts";
export { ISTIO, type Program, programs } from "./programs";
export { type ToolchainOptions } from "./progress";
