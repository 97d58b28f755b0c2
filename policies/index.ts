/** The policy pack. It is alone in this file: `new PolicyPack` starts a server, so nothing else may import it. */
import "../components/printed-errors";
import { PolicyPack } from "@pulumi/policy";
import { autoPassthrough } from "./auto-passthrough";
import { caBounds } from "./ca-bounds";
import { intermediateWithinRoot } from "./intermediate-within-root";
import { explicitProvider } from "./explicit-provider";
import { istiodPorts } from "./istiod-ports";
import { istiodRotation } from "./istiod-rotation";
import { keysMarkedSecret } from "./keys-marked-secret";
import { keysOnlyInSecrets } from "./keys-only-in-secrets";
import { noKeysInOutputs } from "./no-keys-in-outputs";
import { strictMtls } from "./strict-mtls";
import { strictMtlsEverywhere } from "./strict-mtls-everywhere";

new PolicyPack("weft", {
  policies: [
    explicitProvider,
    keysOnlyInSecrets,
    keysMarkedSecret,
    noKeysInOutputs,
    caBounds,
    intermediateWithinRoot,
    autoPassthrough,
    istiodPorts,
    strictMtls,
    strictMtlsEverywhere,
    istiodRotation,
  ],
});
