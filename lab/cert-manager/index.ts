/** cert-manager's own controllers as a process of this machine: a lab's pods do nothing, so nothing in its clusters could issue. */
export { startCertManager, type StartOptions, stopCertManager } from "./process";
