import { parseMeshWithFound } from "../../clusters/membership";
import { ConfigError, type Problem } from "../../mesh/problems";
import {
  makeIdentity,
  startFakeApiServer,
  type Answer,
  type FakeApiServer,
  type Identity,
  type Request,
} from "./fake-api-server";

let identity: Identity;
let management: FakeApiServer;
let answers: Record<string, Answer>;
const warn = jest.fn();
beforeAll(async () => {
  identity = await makeIdentity();
});
beforeEach(async () => {
  warn.mockClear();
  management = await startFakeApiServer(identity, ({ path }: Request) => answers[decodeURIComponent(path)]);
  answers = {
    "/apis/k0rdent.mirantis.com": { preferredVersion: { version: "v1beta1" } },
    [deployments]: { items: [] },
    "/apis/cluster.x-k8s.io": { preferredVersion: { version: "v1beta2" } },
  };
});
afterEach(() => management.close());

const deployments =
  "/apis/k0rdent.mirantis.com/v1beta1/clusterdeployments?labelSelector=k0rdent.mirantis.com/istio-role=member";
const clusters = "/apis/cluster.x-k8s.io/v1beta2/clusters?labelSelector=mesh=yes";

const object = (name: string, more: object = {}) => ({ metadata: { name, namespace: "team-a" }, ...more });
const secret = (value: string) => ({ data: { value: Buffer.from(value).toString("base64") } });
const secretPath = (name: string) => `/api/v1/namespaces/team-a/secrets/${name}-kubeconfig`;

interface Run {
  membership?: object;
  listed?: object[];
  known?: string[];
  mesh?: object;
}

function run({ membership, listed = [], known = [], mesh }: Run = {}) {
  return parseMeshWithFound(
    {
      mesh: { membership: { management: "mgmt", ...membership }, ...mesh },
      clusters: [{ name: "mgmt", kubeconfig: management.kubeconfig() }, ...listed],
    },
    { known, warn },
  );
}

async function problemsOf(options?: Run): Promise<Problem[]> {
  const error: unknown = await run(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error("expected a ConfigError", { cause: error });
  expect(error.message).not.toContain("s3cr3t");
  return error.problems;
}

test("a config without membership asks nobody", async () => {
  const mesh = await parseMeshWithFound(
    { clusters: [{ name: "a", kubeconfig: management.kubeconfig() }] },
    { known: [], warn },
  );
  expect(mesh.members.map(({ name }) => name)).toEqual(["a"]);
  expect(management.requests).toEqual([]);
});

test("one that is evicted is none, and its kubeconfig may be gone with it", async () => {
  answers[deployments] = { items: [object("child1"), object("child2")] };
  answers[secretPath("child2")] = secret("kind: Config");
  const { members } = await run({ known: ["child1", "child2"], mesh: { evicting: ["child1"] } });
  expect(members.map(({ name }) => name)).toEqual(["child2", "mgmt"]);
});

test("a management cluster that is evicted is not asked", async () => {
  const [problem] = await problemsOf({ listed: [{ name: "a", context: "a" }], mesh: { evicting: ["mgmt"] } });
  expect(problem).toMatchObject({ path: "weft:mesh.evicting", value: "mgmt" });
  expect(management.requests).toEqual([]);
});

test("a ClusterDeployment joins with the kubeconfig in its Secret, and the management cluster is a member too", async () => {
  answers[deployments] = { items: [object("child1")] };
  answers[secretPath("child1")] = secret("kind: Config");
  const { members } = await run();
  expect(members.map(({ name, path, kubeconfig }) => ({ name, path, kubeconfig }))).toEqual([
    { name: "child1", path: "ClusterDeployment team-a/child1", kubeconfig: "kind: Config" },
    { name: "mgmt", path: "weft:clusters[0]", kubeconfig: management.kubeconfig().trim() },
  ]);
  expect(warn).not.toHaveBeenCalled();
});

test("the management cluster need not be a member", async () => {
  answers[deployments] = { items: [object("child1")] };
  answers[secretPath("child1")] = secret("kind: Config");
  const mesh = await parseMeshWithFound(
    { mesh: { membership: { management: { kubeconfig: management.kubeconfig() } } }, clusters: [] },
    { known: [], warn },
  );
  expect(mesh.members.map(({ name }) => name)).toEqual(["child1"]);
});

test("a Cluster of Cluster API joins by the selector, where k0rdent is not there", async () => {
  delete answers["/apis/k0rdent.mirantis.com"];
  answers[clusters] = { items: [object("child1")] };
  answers[secretPath("child1")] = secret("kind: Config");
  const { members } = await run({ membership: { clusters: { selector: "mesh=yes" } } });
  expect(members.map(({ name, path }) => [name, path])).toEqual([
    ["child1", "Cluster team-a/child1"],
    ["mgmt", "weft:clusters[0]"],
  ]);
});

test("a label puts a ClusterDeployment into a group of the mesh; one that names none is refused", async () => {
  const labelled = object("found", {});
  labelled.metadata = { ...labelled.metadata, labels: { "weft.dev/group": "eu" } } as never;
  answers[deployments] = { items: [labelled] };
  answers[secretPath("found")] = secret(management.kubeconfig());
  const grouped = (groups?: object) =>
    parseMeshWithFound(
      {
        mesh: { membership: { management: "mgmt" }, ...(groups && { groups }) },
        clusters: [{ name: "mgmt", kubeconfig: management.kubeconfig() }],
      },
      { known: [], warn },
    );
  const { members } = await grouped({ eu: ["mgmt"] });
  expect(members.map(({ name, reads }) => [name, reads])).toEqual([
    ["found", ["mgmt"]],
    ["mgmt", ["found"]],
  ]);
  await expect(grouped()).rejects.toThrow("Its label weft.dev/group names no group of `weft:mesh.groups`.");
});

test("an adopted cluster's kubeconfig is in the Secret of its Credential", async () => {
  answers[deployments] = {
    items: [object("child1", { spec: { template: "adopted-cluster-1-0-0", credential: "adopted" } })],
  };
  answers["/apis/k0rdent.mirantis.com/v1beta1/namespaces/team-a/credentials/adopted"] = {
    spec: { identityRef: { kind: "Secret", name: "adopted-secret" } },
  };
  answers["/api/v1/namespaces/team-a/secrets/adopted-secret"] = secret("kind: Config");
  expect((await run()).members[0]).toMatchObject({ name: "child1", kubeconfig: "kind: Config" });
});

describe("a labelled cluster without a kubeconfig", () => {
  const noSecret = {
    path: "ClusterDeployment team-a/child1",
    message:
      "Its kubeconfig, Secret team-a/child1-kubeconfig, is not there: without it the member would leave the mesh.",
    remedy: "Restore the Secret, or take the label off if the member is to leave.",
  };

  test("joins later, when it never was a member and is not up", async () => {
    answers[deployments] = { items: [object("child1")] };
    expect((await run()).members.map(({ name }) => name)).toEqual(["mgmt"]);
    expect(warn.mock.calls).toEqual([
      [
        "ClusterDeployment team-a/child1 joins once its cluster is up: it has no Secret team-a/child1-kubeconfig yet.",
      ],
    ]);
  });

  test("is refused when it is a member, which would leave the mesh unseen", async () => {
    answers[deployments] = { items: [object("child1")] };
    expect(await problemsOf({ known: ["child1"] })).toEqual([noSecret]);
  });

  test("is refused when it says that it is up", async () => {
    answers[deployments] = {
      items: [object("child1", { status: { conditions: [{ type: "Ready", status: "True" }] } })],
    };
    expect(await problemsOf()).toEqual([noSecret]);
  });

  test("is refused when the Secret is empty", async () => {
    answers[deployments] = { items: [object("child1")] };
    answers[secretPath("child1")] = { data: {} };
    expect(await problemsOf()).toEqual([
      {
        path: "ClusterDeployment team-a/child1",
        message: "Secret team-a/child1-kubeconfig has no kubeconfig under the key `value`.",
        remedy: "Restore it.",
      },
    ]);
  });

  test("is refused when it lives in another region", async () => {
    answers[deployments] = { items: [object("child1", { status: { region: "eu" } })] };
    expect((await problemsOf())[0]!.message).toBe(
      "Its kubeconfig is in the region eu, not on the management cluster.",
    );
  });
});

test("a kubeconfig that would run a command or read a file of this machine is refused", async () => {
  answers[deployments] = { items: [object("child1")] };
  answers[secretPath("child1")] = secret(
    JSON.stringify({
      users: [{ name: "u", user: { exec: { command: "rm" }, tokenFile: "/etc/s3cr3t" } }],
      clusters: [{ name: "c", cluster: { "certificate-authority": "/etc/ca" } }],
    }),
  );
  expect(await problemsOf()).toEqual([
    {
      path: "ClusterDeployment team-a/child1",
      message:
        "The kubeconfig in Secret team-a/child1-kubeconfig makes this machine run a command or read a file of its own (`certificate-authority`, `exec`, `tokenFile`).",
      remedy:
        "Only certificates, keys and tokens that it holds itself are taken from the management cluster.",
    },
  ]);
});

describe("a management cluster", () => {
  test("that cannot be asked is never taken for one without members", async () => {
    answers[deployments] = 503;
    expect(await problemsOf()).toMatchObject([
      { path: "weft:clusters[0]", message: "The API server answers with HTTP status 503." },
    ]);
  });

  test("that may not be asked", async () => {
    answers[deployments] = 403;
    expect(await problemsOf()).toEqual([
      {
        path: "weft:mesh.membership.clusterDeployments",
        message: "The user of the management cluster may not list clusterdeployments.k0rdent.mirantis.com.",
        remedy: "Give it a ClusterRole that lists clusterdeployments.k0rdent.mirantis.com and gets Secrets.",
      },
    ]);
  });

  test("that is none", async () => {
    delete answers["/apis/k0rdent.mirantis.com"];
    expect(await problemsOf()).toEqual([
      {
        path: "weft:mesh.membership.clusterDeployments",
        message:
          "The management cluster has no clusterdeployments.k0rdent.mirantis.com, so nothing says who is a member.",
        remedy: "Check that `membership.management` is the management cluster.",
      },
    ]);
  });

  test("that does not take the selector", async () => {
    answers["/apis/cluster.x-k8s.io/v1beta2/clusters?labelSelector=a==="] = 400;
    expect((await problemsOf({ membership: { clusters: { selector: "a===" } } }))[0]).toEqual({
      path: "weft:mesh.membership.clusters",
      message: "The API server does not take the label selector a===.",
      remedy: "Write it as for `kubectl get -l`.",
    });
  });

  test("that no entry names is a mistake of the stack config", async () => {
    expect((await problemsOf({ membership: { management: "elsewhere" } }))[0]!.path).toBe(
      "weft:mesh.membership.management",
    );
  });
});

test("every mistake is reported at once", async () => {
  answers[deployments] = {
    items: [object("child1"), object("a.b"), { metadata: { name: "child1", namespace: "team-b" } }],
  };
  const problems = await problemsOf({ known: ["child1"] });
  expect(problems.map(({ path }) => path)).toEqual([
    "ClusterDeployment team-a/a.b",
    "ClusterDeployment team-b/child1",
    "ClusterDeployment team-a/child1",
    "ClusterDeployment team-b/child1",
  ]);
});
