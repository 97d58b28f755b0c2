/** Which of Helm's releases are those that Weft has in every primary, and what is in their way. Pure. */
import { eastWestName } from "../../components/gateway/gateway-chart-values";
import type { Member } from "../../mesh/mesh-spec";
import type { Refusal } from "../../mesh/problems";
import type { FoundMember, Release } from "./found";

/** The releases of a primary. */
export interface MeshReleases {
  base: Release;
  istiod: Release;
  /** Undefined where it has none: then Weft makes one, where the mesh needs it. */
  eastWest: Release | undefined;
}

/** By chart: as Istio's guides and Weft call the release. */
const names = { base: "istio-base", istiod: "istiod", gateway: eastWestName } as const;

const guide = "https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/";

export function meshReleases(
  { name, path }: Pick<Member, "name" | "path">,
  { releases, istiods, objects }: FoundMember,
): MeshReleases | Refusal[] {
  const at = { path, value: name };
  const find = (chart: keyof typeof names) => releases.find((release) => release.name === names[chart]);
  const [base, istiod, eastWest] = [find("base"), find("istiod"), find("gateway")];
  const problems: Refusal[] = [];

  for (const chart of ["base", "istiod"] as const) {
    const other = releases.find((release) => release.chart === chart && release.name !== names[chart]);
    if (find(chart) !== undefined || other === undefined) continue;
    problems.push({
      ...at,
      message: `Its release of chart ${chart} is called ${other.name}. Weft's is called ${names[chart]}, and Helm cannot rename one.`,
      remedy: `Hand its objects over: \`helm get manifest ${other.name} | kubectl annotate --overwrite -f - meta.helm.sh/release-name=${names[chart]}\`, and \`helm upgrade --install ${names[chart]}\` with the same chart and values. Then delete Helm's record of the old one: \`kubectl delete secret -l owner=helm,name=${other.name}\`; all of it in istio-system.`,
    });
  }
  if (problems.length > 0) return problems;
  if (istiod === undefined && Object.keys(istiods).length === 0) {
    return [
      {
        ...at,
        message: "No istiod runs there, so there is no primary to take over.",
        remedy: `Leave the cluster out, adopt the others, and add it afterwards: then Weft makes a member of it. (${guide})`,
      },
    ];
  }
  const hasGateway = objects.includes(`Service ${eastWestName}`);
  if (base === undefined || istiod === undefined || (eastWest === undefined && hasGateway)) {
    const missing = [
      ...(base === undefined ? [names.base] : []),
      ...(istiod === undefined ? [names.istiod] : []),
      ...(eastWest === undefined && hasGateway ? [names.gateway] : []),
    ];
    return [
      {
        ...at,
        message: `Helm knows no release ${missing.join(" and no ")} there: what runs was not installed by it, but by istioctl perhaps.`,
        remedy:
          "Make it Helm's first: `istioctl manifest translate -f <your IstioOperator> -o <folder>` writes the values and the commands that hand its objects over. Then run this again.",
      },
    ];
  }
  const found = { base, istiod, eastWest };
  for (const release of Object.values(found)) {
    if (release === undefined || release.status === "deployed") continue;
    problems.push({
      ...at,
      message: `Release ${release.name} is ${release.status}.`,
      remedy: `\`helm -n istio-system history ${release.name}\` shows why. Bring it to \`deployed\` (helm rollback, helm upgrade), then run this again.`,
    });
  }
  if (Object.keys(istiods).length > 1) {
    problems.push({
      ...at,
      message: `It has ${Object.keys(istiods).length} istiods: ${Object.keys(istiods).sort().join(", ")}.`,
      remedy: "Finish the upgrade that goes from one to the other, then run this again.",
    });
  }
  return problems.length > 0 ? problems : found;
}
