import type { EngineEvent } from "@pulumi/pulumi/automation";
import { Progress } from "../../../lab/engine/progress";

const diagnostic = (severity: "error" | "warning" | "info#err", message: string): EngineEvent => ({
  sequence: 0,
  timestamp: 0,
  diagnosticEvent: { severity, message, color: "never" },
});

function afterAll(...events: EngineEvent[]): Progress {
  const progress = new Progress(() => 0);
  for (const event of events) progress.take(event);
  return progress;
}

test("a mistake in the config is kept once, though Pulumi's inline host and its engine both report it", () => {
  const { errors } = afterAll(
    diagnostic("error", "<{%reset%}>1 problem; nothing was changed.<{%reset%}>\n"),
    diagnostic("error", "another\n"),
    diagnostic("error", "1 problem; nothing was changed.\n"),
  );
  expect(errors).toEqual(["1 problem; nothing was changed.", "another"]);
});

test("warnings are kept, but not those of what the lab means to happen", () => {
  const { warnings } = afterAll(
    diagnostic("warning", "using pulumi-resource-tls from $PATH at /lab/bin/pulumi-resource-tls\n"),
    diagnostic("warning", "Attempting to deploy or update resources with 3 pending operations from …\n"),
    diagnostic("warning", 'Helm uninstall returned information: "These resources were kept due to …"\n'),
    diagnostic("warning", "cluster1 runs Kubernetes 1.25.0, and Istio 1.30 supports 1.32 and later\n"),
    diagnostic("info#err", "chatter\n"),
  );
  expect(warnings).toEqual(["cluster1 runs Kubernetes 1.25.0, and Istio 1.30 supports 1.32 and later"]);
});
