/** Changes of the istiod that runs. */
import { minorSkew, versionIn } from "../istio-versions";
import { ofMembers } from "./step";

/** https://istio.io/latest/docs/setup/upgrade/in-place/: no more than one minor version at once, up or down. */
export const skippedMinor = ofMembers((member, { istiodVersion }, { mesh }) => {
  const { version, tag } = mesh.config.istio;
  // As the running one is known by its image's tag.
  const tagged = versionIn(tag ?? "");
  const wanted = tagged ?? member.istio.version;
  if (istiodVersion === undefined || member.role === "remote" || minorSkew(istiodVersion, wanted) <= 1) {
    return [];
  }
  return [
    {
      path:
        tagged !== undefined
          ? "weft:mesh.istio.tag"
          : member.istio.version === version
            ? "weft:mesh.istio.version"
            : `${member.path}.istio.version`,
      value: tagged === undefined ? wanted : tag,
      message: `istiod of ${member.name} is ${istiodVersion}, and Istio supports steps of one minor version, up or down.`,
      remedy:
        "Go to each minor version between them, with a `pulumi up` and a restart of the workloads each.",
    },
  ];
});

export const changedRevision = ofMembers((member, { revisions }, { mesh }) => {
  const { revision } = mesh.config.istio;
  if (revisions === undefined || member.role === "remote" || revisions.includes(revision ?? "default")) {
    return [];
  }
  const [running] = revisions;
  return [
    {
      path: "weft:mesh.istio.revision",
      value: revision,
      message: `The running istiod is of revision ${running}. It would be deleted, and every proxy that it serves would lose its control plane until it is injected again.`,
      remedy: `${running === "default" ? "Leave it out" : `Set it back to ${running}`}. To upgrade, change istio.version: Weft does it in place, member by member.`,
    },
  ];
});
