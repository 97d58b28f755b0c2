/** Throw-away Kubernetes control planes: real ones, as processes of this machine, on its loopback interface. */
export { labStatus, type LabCluster, type LabOptions, startLab, stopLab } from "./lab";
export type { Delays } from "./stages";
