/** Does everyone who should trust this member's root trust it? */
import { signingRoot } from "../../mesh/roots";
import { trustedBy } from "../../mesh/topology";
import { certificatesIn, issuerIn } from "./certificates";
import { failed, forcedUp, judge, type Check, type Issue } from "./check";

export const trustedRoot: Check = ({ mesh, member, facts, all }) => {
  const others = mesh.members.filter(
    ({ name }) =>
      name !== member.name &&
      (mesh.config.trust.mode === "shared" ||
        trustedBy(mesh, name).some((trusted) => trusted.name === member.primary)),
  );
  if (others.length === 0) return undefined;
  return judge(facts.cacerts, (own) => {
    const root = own && issuerIn(own);
    // The check of cacerts says so.
    if (root === undefined) return { issues: [], detail: "no root" };
    const distrusting = others.filter(({ name }) => {
      const theirs = all.members.get(name)?.cacerts;
      if (theirs === undefined || !theirs.known || theirs.value === undefined) return false;
      return !certificatesIn(theirs.value.bundle).some(
        ({ fingerprint256 }) => fingerprint256 === root.fingerprint256,
      );
    });
    const names = distrusting.map(({ name }) => name);
    const issues: Issue[] =
      names.length === 0
        ? []
        : [
            failed(
              `${names.join(", ")} ${names.length === 1 ? "does" : "do"} not trust the root that this member signs under (${signingRoot(mesh, member)}, ${root.fingerprint256.slice(0, 23)}…): requests between them fail.`,
              `${forcedUp} writes the root into Secret cacerts.`,
            ),
          ];
    return { issues, detail: signingRoot(mesh, member) };
  });
};
