import { GeneralName, Name, RelativeDistinguishedName, AttributeTypeAndValue } from "@peculiar/asn1-x509";
import type { Problem } from "../../mesh/problems";
import { authority, type Authority, type AuthorityOptions } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

type Constraints = AuthorityOptions["nameConstraints"];

const dns = (dNSName: string) => new GeneralName({ dNSName });
const uri = (uniformResourceIdentifier: string) => new GeneralName({ uniformResourceIdentifier });
const istiodNames = ["istiod", "istiod-remote", "istio-pilot"].map((name) => `${name}.istio-system.svc`);

const asRoot = ({ certificate, key }: Authority, mesh: object = {}, member: object = {}) =>
  problemsOf({
    mesh: { trust: { root: { source: "provided", certificate, key } }, ...mesh },
    clusters: [cluster("a", member)],
  });

/** Problems of a mesh whose root has these constraints. */
async function below(nameConstraints: Constraints, mesh: object = {}, member: object = {}) {
  return asRoot(await authority("Root", { nameConstraints }), mesh, member);
}

const path = "weft:mesh.trust.root.certificate";
const dnsProblem = (names: string[]): Problem => ({
  path,
  value: "CN=Root",
  message: `Its name constraints shut out ${names.join(", ")}, which istiod's certificate bears: every proxy would refuse it.`,
  remedy: "Use a CA that permits these DNS names, or one without name constraints.",
});
const uriProblem = (host: string): Problem => ({
  path,
  value: "CN=Root",
  message: `Its name constraints shut out spiffe://${host}, the identity of every workload: proxies would refuse each other.`,
  remedy: `Use a CA that permits URIs of host ${host}, or one without name constraints; or, before the first \`pulumi up\`, set weft:mesh.trustDomain to a host that it permits.`,
});

describe("DNS names", () => {
  it.each([
    [{ permitted: [dns("svc")] }],
    [{ permitted: [dns("acme.example"), dns("istio-system.svc")] }],
    [{ permitted: [dns(".istio-system.svc")] }],
    [{ permitted: [dns("")] }],
    [{ excluded: [dns("acme.example"), dns("system.svc")] }],
  ])("of istiod may stand below %j", async (constraints) => {
    expect(await below(constraints)).toEqual([]);
  });

  it("of istiod must all be permitted, and none excluded", async () => {
    expect(await below({ permitted: [dns("acme.example")] })).toEqual([dnsProblem(istiodNames)]);
    expect(await below({ permitted: [dns("istiod.istio-system.svc")] })).toEqual([
      dnsProblem(istiodNames.slice(1)),
    ]);
    expect(await below({ excluded: [dns("SVC")] })).toEqual([dnsProblem(istiodNames)]);
  });

  it("are also that of its revision, and those by which remotes reach it", async () => {
    const permitted = [dns("istio-system.svc")];
    const member = { eastWest: { addresses: ["a.acme.example", "192.0.2.1"] } };
    expect(await below({ permitted }, {}, member)).toEqual([dnsProblem(["a.acme.example"])]);
    expect(
      await below({ excluded: [dns("istiod-blue.istio-system.svc")] }, { istio: { revision: "blue" } }),
    ).toEqual([dnsProblem(["istiod-blue.istio-system.svc"])]);
    const revisions = { default: "1.30.5", new: "1.31.2" };
    expect(await below({ excluded: [dns("istiod-new.istio-system.svc")] }, { istio: { revisions } })).toEqual(
      [dnsProblem(["istiod-new.istio-system.svc"])],
    );
  });
});

describe("the trust domain", () => {
  it.each([
    [{ permitted: [uri("cluster.local")] }],
    [{ permitted: [uri(".local")] }],
    [{ permitted: [dns("svc")] }],
    [{ excluded: [uri("acme.example"), uri("uster.local")] }],
  ])("may be cluster.local below %j", async (constraints) => {
    expect(await below(constraints)).toEqual([]);
  });

  it.each([
    [{ permitted: [uri("acme.example")] }],
    // To BoringSSL only the very host is permitted, to Go also what is below it.
    [{ permitted: [uri("local")] }],
    [{ excluded: [uri("cluster.local")] }],
    [{ excluded: [uri("local")] }],
  ])("may not be cluster.local below %j", async (constraints) => {
    expect(await below(constraints)).toEqual([uriProblem("cluster.local")]);
  });

  it("is the one of the mesh", async () => {
    const constraints = { permitted: [uri("mesh.acme.example")] };
    expect(await below(constraints, { trustDomain: "mesh.acme.example" })).toEqual([]);
  });
});

it("constraints that Go does not know make istiod refuse the chain, unless they are not critical", async () => {
  const organization = new AttributeTypeAndValue({ type: "2.5.4.10" });
  organization.value.utf8String = "Acme";
  const directoryName = new Name([new RelativeDistinguishedName([organization])]);
  const permitted = [new GeneralName({ directoryName })];
  expect(await below({ permitted })).toEqual([
    {
      path,
      value: "CN=Root",
      message:
        "Its name constraints are about other names than of DNS, IP, e-mail and URI, so istiod refuses every certificate below it.",
      remedy: "Use a CA with constraints of these kinds alone, or without any.",
    },
  ]);
  expect(await below({ permitted, critical: false })).toEqual([]);
});

it("they count wherever they stand in the chain of a member's intermediate", async () => {
  const narrow = { permitted: [uri("acme.example")] };
  const root = await authority("Root");
  const upper = await authority("Upper", { issuer: root, nameConstraints: narrow });
  const lower = await authority("Lower", { issuer: upper });
  const own = await authority("Own", { issuer: root, nameConstraints: narrow });
  const mesh = { trust: { root: { source: "provided", certificate: root.certificate } } };
  const given = ({ certificate, key }: Authority, chain?: string) =>
    problemsOf({
      mesh,
      clusters: [cluster("a", { trust: { intermediate: { certificate, key, chain } } })],
    }).map(({ path: at, value, message }) => [at, value, message]);
  const { message } = uriProblem("cluster.local");
  const at = "weft:clusters[0].trust.intermediate";
  expect(given(lower, upper.certificate)).toEqual([[`${at}.chain`, "CN=Upper", message]]);
  expect(given(own)).toEqual([[`${at}.certificate`, "CN=Own", message]]);
});
