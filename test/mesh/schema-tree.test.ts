import { stackSchema } from "../../mesh/schema";
import { allowedKeys, isSecret } from "../../mesh/schema-tree";

describe("a secret", () => {
  it.each([
    [["clusters", 0, "kubeconfig"]],
    [["clusters", 0, "kubeconfig", "users", 0, "user", "token"]],
    [["clusters", 0, "trust", "root", "key"]],
    [["clusters", 0, "trust", "intermediate", "key"]],
    [["mesh", "trust", "root", "key"]],
    [["mesh", "trust", "roots", 3, "key"]],
  ])("stands at %j", (path) => {
    expect(isSecret(stackSchema, path)).toBe(true);
  });

  it.each([
    [[]],
    [["clusters", 0, "kubeconfigPath"]],
    [["clusters", 0, "trust", "root", "certificate"]],
    [["mesh", "trust", "root"]],
    [["no", "such", "key"]],
  ])("does not stand at %j", (path) => {
    expect(isSecret(stackSchema, path)).toBe(false);
  });
});

describe("allowed keys", () => {
  it("are those of the map at the path", () => {
    expect(allowedKeys(stackSchema, [], {})).toEqual(["mesh", "clusters"]);
    expect(allowedKeys(stackSchema, ["clusters", 1, "remoteAccess"], {})).toEqual([
      "generation",
      "tokenLifetimeHours",
    ]);
  });

  it("are those of the alternative that was meant, or of all", () => {
    const root = ["mesh", "trust", "root"];
    expect(allowedKeys(stackSchema, root, { source: "generated" })).toEqual(["source", "algorithm"]);
    expect(allowedKeys(stackSchema, root, { source: "provided" })).toEqual([
      "source",
      "certificate",
      "key",
      "crl",
    ]);
    expect(allowedKeys(stackSchema, ["mesh", "istio", "charts"], {})).toEqual([
      "repository",
      "username",
      "password",
      "oci",
      "path",
    ]);
  });

  it("are none where no map is expected", () => {
    expect(allowedKeys(stackSchema, ["clusters", 0, "name"], {})).toEqual([]);
  });
});
