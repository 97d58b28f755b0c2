/** Are the CRLs good, and does istiod hand them on? Only where stack config has them published. */
import { subject } from "../../mesh/certificates";
import { isListOf, serialNumber, type Crl } from "../../mesh/crl";
import { certificatesIn, listsIn } from "./certificates";
import type { CacertsFacts } from "../facts/facts";
import { failed, judge, plural, upRepairs, upTakesBack, type Check, type Issue } from "./check";

/** Days of validity below which a list is reported: as of an intermediate, which Weft renews as early. */
const shortest = 30;
const day = 24 * 3600 * 1000;

export const crls: Check = ({ mesh, member, facts, now }) => {
  if (mesh.config.trust.revoked === undefined) return undefined;
  return judge(facts.cacerts, (found) => {
    if (found === undefined) return { issues: [] };
    if (found.crls.trim() === "") {
      const message = "Secret cacerts has no `ca-crl.pem`: whose intermediate is revoked is still accepted.";
      return { issues: [failed(message, upRepairs)] };
    }
    const lists = listsIn(found.crls);
    if (lists === undefined) return { issues: [failed("`ca-crl.pem` cannot be read.", upTakesBack)] };
    const issues = [
      ...lists.flatMap((list) => ending(list, now)),
      ...lacking(found, lists),
      ...own(found, lists),
    ];
    const { servedCrls } = facts;
    if (member.role === "primary" && servedCrls.known && servedCrls.value?.trim() !== found.crls.trim()) {
      issues.push(
        failed(
          "istiod does not hand on the CRLs that stand in Secret cacerts.",
          `It sees them within two minutes. If not: \`${facts.kubectl} -n istio-system logs -l app=istiod --tail=-1 | grep -i crl\` says why.`,
        ),
      );
    }
    const days = Math.min(...lists.map((list) => daysLeft(list, now)));
    return { issues, detail: `${days} d` };
  });
};

function daysLeft({ nextUpdate }: Crl, now: Date): number {
  return nextUpdate === undefined ? 0 : Math.floor((nextUpdate.getTime() - now.getTime()) / day);
}

function ending(list: Crl, now: Date): Issue[] {
  const left = daysLeft(list, now);
  if (left >= shortest) return [];
  return [
    failed(
      left < 0
        ? `The CRL of ${list.issuer} has ended: proxies refuse everybody whom this CA vouches for.`
        : `The CRL of ${list.issuer} ends in ${plural(left, "day")}: then proxies refuse everybody whom this CA vouches for.`,
      "`pulumi up` signs another; where it is given, give a newer one in `crl` of its root.",
    ),
  ];
}

/** istiod takes none of them then (Verify in security/pkg/pki/util/keycertbundle.go). */
function lacking({ chain }: CacertsFacts, lists: Crl[]): Issue[] {
  return certificatesIn(chain)
    .filter((ca) => !lists.some((list) => isListOf(list, ca)))
    .map((ca) =>
      failed(
        `\`ca-crl.pem\` has no CRL of ${subject(ca)}: istiod takes none of it, and proxies refuse whom this CA vouches for.`,
        upTakesBack,
      ),
    );
}

function own({ certificate, chain }: CacertsFacts, lists: Crl[]): Issue[] {
  const [intermediate] = certificatesIn(certificate);
  if (intermediate === undefined) return [];
  const serial = serialNumber(intermediate.serialNumber);
  const issuers = certificatesIn(chain).filter((ca) => intermediate.checkIssued(ca));
  const isRevoked = lists
    .filter((list) => issuers.some((ca) => isListOf(list, ca)))
    .some(({ revoked }) => revoked.has(serial));
  if (!isRevoked) return [];
  return [
    failed(
      `The intermediate ${serial} is revoked, and istiod signs by it: proxies refuse the workloads of this member.`,
      "`pulumi up` makes it another, if `trust.revoked` names the member; where it is your own, give another in `trust.intermediate`.",
    ),
  ];
}
