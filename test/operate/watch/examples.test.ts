/** docs/watch: what the rules, the role and the image say, held against the program. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { parseMesh } from "../../../mesh/parse";
import { readMesh } from "../../../operate/facts/read";
import { judgeMesh } from "../../../operate/report";
import { exposition } from "../../../operate/watch/metrics";
import { parseOptions } from "../../../operate/watch/watch-options";
import { makeIdentity, startFakeApiServer, type Answer, type Request } from "../../clusters/fake-api-server";
import { forwardPorts } from "../../clusters/fake-port-forward";
import { healthy, input, now, publishCrls } from "../healthy";

const root = join(__dirname, "../../..");
const example = (name: string) => readFileSync(join(root, "docs/watch", name), "utf8");

/** The values of each label, by metric and label. */
type Exported = Map<string, Map<string, Set<string>>>;

async function exported(): Promise<Exported> {
  const sample = await healthy({
    ...input,
    mesh: { ...input.mesh, trust: { revoked: [] }, remoteAccess: { tokenLifetimeHours: 24 } },
  });
  await publishCrls(sample);
  const { mesh, facts } = sample;
  facts.credentials.set("hash-two", {
    usable: true,
    server: "https://two:6443",
    tokenEnds: now,
    rights: { known: false, reason: "no" },
  });
  const report = judgeMesh(mesh, facts, now);
  const text = await exposition({ mesh, facts, report, isCurrent: true, began: now, ended: now });
  const metrics: Exported = new Map();
  for (const [, name, labels = ""] of text.matchAll(/^(weft_\w+)(?:\{(.*)\})? /gm)) {
    const values = metrics.get(name!) ?? new Map<string, Set<string>>();
    metrics.set(name!, values);
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      values.set(label!, (values.get(label!) ?? new Set<string>()).add(value!));
    }
  }
  return metrics;
}

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string };
}

describe("alerts.yaml", () => {
  const { groups } = parse(example("alerts.yaml")) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  test("asks only for metrics, labels and values that there are", async () => {
    const metrics = await exported();
    const asked = new Set<string>();
    for (const { alert, expr, annotations } of rules) {
      const named = [...expr.matchAll(/(weft_\w+)(?:\{([^}]*)\})?/g)];
      expect([alert, named.length]).not.toEqual([alert, 0]);
      for (const [, name, matchers = ""] of named) {
        asked.add(name!);
        const metric = metrics.get(name!);
        expect([alert, name, metric !== undefined]).toEqual([alert, name, true]);
        for (const [, label, value] of matchers.matchAll(/(\w+)(?:=|!=|=~|!~)"([^"]*)"/g)) {
          for (const one of value!.split("|")) {
            expect([alert, one, metric!.get(label!)?.has(one)]).toEqual([alert, one, true]);
          }
        }
      }
      const [first] = named;
      for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
        expect([alert, label, metrics.get(first![1]!)!.has(label!)]).toEqual([alert, label, true]);
      }
    }
    const unasked = [...metrics.keys()].filter((name) => !asked.has(name));
    expect(unasked).toEqual(["weft_member_info", "weft_last_look_duration_seconds"]);
  });

  test("the metrics in docs/watch.md are those that there are", async () => {
    const documented = readFileSync(join(root, "docs/watch.md"), "utf8").matchAll(/^\| `(weft_\w+)/gm);
    expect([...documented].map(([, name]) => name).sort()).toEqual([...(await exported()).keys()].sort());
  });
});

/** What a request asks for, as a role grants it: `list /secrets in istio-system`. */
function rightOf({ method, path }: Request): string {
  const { pathname } = new URL(path, "https://one");
  const [, group = "", namespace, resource, name, sub] =
    /^\/(?:api\/v1|apis\/([^/]+)\/v1)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/(.+))?$/.exec(
      pathname,
    )!;
  const verb = method === "POST" ? "create" : name === undefined ? "list" : "get";
  const of = sub === undefined ? resource : `${resource}/${sub}`;
  const only = name === undefined || sub !== undefined ? "" : ` ${name}`;
  return `${verb} ${group}/${of}${only}${namespace === undefined ? "" : ` in ${namespace}`}`;
}

interface Role {
  kind: string;
  metadata: { namespace?: string };
  rules: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
}

test("member.yaml grants what is asked for, and nothing else", async () => {
  const roles = parseAllDocuments(example("member.yaml"))
    .map((document) => document.toJS() as Role)
    .filter(({ kind }) => kind === "ClusterRole" || kind === "Role");
  const granted = roles.flatMap(({ metadata: { namespace }, rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = [""], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map(
              (verb) =>
                `${verb} ${group}/${resource}${name && ` ${name}`}${namespace === undefined ? "" : ` in ${namespace}`}`,
            ),
          ),
        ),
      ),
    ),
  );

  const ready = { status: { conditions: [{ type: "Ready", status: "True" }] } };
  const answer = ({ path }: Request): Answer => {
    if (path === "/version") return { gitVersion: "v1.34.2" };
    if (/\/(istio-system|cacerts|istio-eastwestgateway|istiod-vs)$/.test(path)) return undefined;
    return path.includes("/pods?")
      ? { items: [{ metadata: { name: "istiod-1" }, ...ready }] }
      : { items: [] };
  };
  const identity = await makeIdentity();
  const servers = await Promise.all(["one", "two"].map(() => startFakeApiServer(identity, answer)));
  try {
    const forwards: Request[] = [];
    for (const server of servers) {
      forwardPorts(server, (path, headers) => {
        // By WebSocket: `get`, and from Kubernetes 1.35 on `create` as well.
        forwards.push({ method: "GET", path, headers }, { method: "POST", path, headers });
        return 403;
      });
    }
    const [one, two] = servers.map((server) => server.kubeconfig());
    await readMesh(
      parseMesh({
        mesh: { remoteAccess: { allowLoopback: true } },
        clusters: [
          { name: "one", kubeconfig: one },
          { name: "two", kubeconfig: two },
        ],
      }),
    );
    const asked = [...servers.flatMap(({ requests }) => requests), ...forwards];
    // Everybody may ask for the version.
    const rights = asked
      .filter(({ path }) => path !== "/version")
      .map((request) => {
        const right = rightOf(request);
        const everywhere = right.replace(/ in .+$/, "");
        return granted.includes(everywhere) ? everywhere : right;
      });
    expect([...new Set(rights)].sort()).toEqual([...new Set(granted)].sort());
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test("the Dockerfile copies all that the program loads of its own, and starts it", () => {
  const copied = [...example("Dockerfile").matchAll(/^COPY (\w+) \1$/gm)].map(([, folder]) => folder);
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path] of readFileSync(file, "utf8").matchAll(/ from "(\.[^"]+)"/g)) {
      const target = join(dirname(file), path!);
      visit(existsSync(`${target}.ts`) ? `${target}.ts` : join(target, "index.ts"));
    }
  };
  visit(join(root, "operate/watch.ts"));
  const folders = new Set([...seen].map((file) => relative(root, file).split("/")[0]));
  expect([...folders].sort()).toEqual(copied.sort());
  expect(example("Dockerfile")).toContain(
    'ENTRYPOINT ["node", "--import", "/weft/node_modules/tsx/dist/loader.mjs", "/weft/operate/watch.ts"]',
  );
});

test("the Deployment gives options that there are, mounts what it names, and runs as nobody in particular", () => {
  interface Pod {
    securityContext: object;
    automountServiceAccountToken: boolean;
    containers: [
      {
        args: string[];
        ports: [{ containerPort: number }];
        env: { name: string; value: string }[];
        volumeMounts: { name: string; mountPath: string }[];
        securityContext: object;
      },
    ];
    volumes: { name: string }[];
  }
  const { spec } = parseAllDocuments(example("deployment.yaml"))[1]!.toJS() as {
    spec: { template: { spec: Pod } };
  };
  const pod = spec.template.spec;
  const [{ args, ports, env, volumeMounts, securityContext }] = pod.containers;
  expect(parseOptions(args)).toEqual({
    stack: "prod",
    host: undefined,
    port: ports[0].containerPort,
    intervalMs: 60_000,
  });
  expect(volumeMounts.map(({ name }) => name).sort()).toEqual(pod.volumes.map(({ name }) => name).sort());
  const paths = volumeMounts.map(({ mountPath }) => mountPath);
  expect(paths).toContain(/^WORKDIR (.+)\nENTRYPOINT/m.exec(example("Dockerfile"))![1]);
  expect(paths).toContain(dirname(env.find(({ name }) => name === "KUBECONFIG")!.value));
  expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
  expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
});
