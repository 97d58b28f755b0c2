import { parseOptions } from "../../../operate/adopt/options";
import { steps } from "../../../operate/adopt/steps";
import { UsageError } from "../../../operate/usage";
import { byHand } from "./by-hand";

const args = {
  stack: "org/weft/t",
  files: { config: "adopt-t/Pulumi.t.yaml", imports: "adopt-t/import.json" },
  out: "adopt-t",
  stackFile: "Pulumi.t.yaml",
};

const commandsOf = (text: string) =>
  text.split("\n").flatMap((line) => (line.startsWith("    ") ? [line.slice(4)] : []));

test("every command, in order, for whoever copies them", async () => {
  const mesh = await byHand();
  const text = steps({ adoption: mesh.adopted(), ...args });
  const handOver = (name: string, peer: string) => {
    const run = `kubectl --context prod-${name} -n istio-system`;
    return [
      `${run} scale deployment istiod --replicas 0 && ${run} wait --for=delete pod -l app=istiod --timeout 2m && \\`,
      `  ${run} delete secret istio-remote-secret-${peer} && ${run} scale deployment istiod --replicas 2 && \\`,
      `  ${run} rollout status deployment istiod`,
    ];
  };
  const key = (name: string, index: number) =>
    `kubectl --context prod-${name} -n istio-system get secret cacerts -o jsonpath='{.data.ca-key\\.pem}' | base64 -d | ` +
    `pulumi config set --stack org/weft/t --secret --path 'weft:clusters[${index}].trust.intermediate.key'`;
  expect(commandsOf(text)).toEqual([
    "cp adopt-t/Pulumi.t.yaml Pulumi.t.yaml",
    key("east", 0),
    key("west", 1),
    "kubectl --context prod-east label namespace istio-system weft.dev/mesh=mesh1 weft.dev/member=east",
    "kubectl --context prod-west label namespace istio-system weft.dev/mesh=mesh1 weft.dev/member=west",
    "pulumi import --stack org/weft/t --file adopt-t/import.json --protect=false --generate-code=false",
    "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi preview --stack org/weft/t --diff",
    "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --stack org/weft/t",
    ...handOver("east", "west"),
    ...handOver("west", "east"),
    "npm run status -- --stack org/weft/t --wait",
    "rm -r adopt-t",
  ]);
  for (const name of ["east", "west"]) expect(text).not.toContain(mesh.of(name).cacerts!.key.split("\n")[1]);
});

test("a Secret that leads to a cluster of nobody's stays, and one of Weft's own too", async () => {
  const mesh = await byHand();
  mesh.of("east").remoteSecrets = [
    { name: "weft-peers", clusters: { west: undefined } },
    { name: "istio-remote-secret-all", clusters: { west: undefined, north: undefined } },
  ];
  mesh.of("west").remoteSecrets = [];
  const text = steps({ adoption: mesh.adopted(), ...args });
  expect(commandsOf(text).filter((command) => command.includes("delete secret"))).toEqual([]);
  expect(text).toContain("To know:\n- east: its istiod also reads north");
});

test("the command line names a stack, and a folder after it", () => {
  expect(parseOptions(["--stack", "org/weft/t"])).toEqual({ stack: "org/weft/t", out: "adopt-t" });
  expect(parseOptions(["--stack", "t", "--out", "o"])).toEqual({ stack: "t", out: "o" });
  expect(parseOptions(["--help"])).toBe("help");
  expect(() => parseOptions([])).toThrow(UsageError);
});
