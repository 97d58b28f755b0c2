/** Does istiod have a CA that it can sign with, and for how long? */
import { X509Certificate } from "node:crypto";
import { subject } from "../../mesh/certificates";
import { intermediateProblemsOf } from "../../mesh/provided-ca";
import { certificatesIn, endOf, issuerIn } from "./certificates";
import type { CacertsFacts } from "../facts/facts";
import { failed, judge, plural, upRepairs, upTakesBack, type Check, type Issue } from "./check";

/** Days of validity below which a certificate is reported: time enough to act, and far less than Weft lets pass. */
const shortest = { intermediate: 30, root: 180 };
const day = 24 * 3600 * 1000;

export const cacerts: Check = ({ facts, now }) =>
  judge(facts.cacerts, (found) => {
    if (found === undefined) {
      const message =
        "There is no Secret cacerts: istiod would sign with a root of its own, which no peer trusts.";
      return { issues: [failed(message, upRepairs)] };
    }
    if (found.missing.length > 0) {
      const message = `Secret cacerts lacks ${found.missing.join(", ")}: istiod does not start with it, or signs with a root of its own.`;
      return { issues: [failed(message, upRepairs)] };
    }
    const issues: Issue[] = intermediateProblemsOf(
      { certificate: found.certificate, chain: aboveIntermediate(found) },
      [found.bundle],
      { path: "", now },
    ).map(({ value, message }) =>
      failed(`${value === undefined ? "" : `${value}: `}${message}`, upTakesBack),
    );
    if (!found.keyFits) issues.push(failed("`ca-key.pem` is not the key of `ca-cert.pem`.", upTakesBack));

    const [certificate] = certificatesIn(found.certificate);
    const root = issuerIn(found);
    if (certificate === undefined || root === undefined) return { issues };
    const days = (of: X509Certificate) => Math.floor((endOf(of).getTime() - now.getTime()) / day);
    const left = { intermediate: days(certificate), root: days(root) };
    if (left.intermediate >= 0 && left.intermediate < shortest.intermediate) {
      issues.push(
        failed(
          `The intermediate expires in ${plural(left.intermediate, "day")}.`,
          "`pulumi up` reissues it; where it is your own, give a new one in `trust.intermediate`.",
        ),
      );
    }
    if (left.root < shortest.root) {
      const end = endOf(root).toISOString().slice(0, 10);
      issues.push(
        failed(
          left.root < 0
            ? `The root ${subject(root)} expired on ${end}: nothing that was issued under it is trusted.`
            : `The root expires in ${plural(left.root, "day")}.`,
          "Add a new root to `trust.roots`, `pulumi up`, move `signing` to it, `pulumi up`, and drop the old one last.",
        ),
      );
    }
    return { issues, detail: `${left.intermediate}/${left.root} d` };
  });

/** istiod's chain begins with the intermediate itself. */
function aboveIntermediate({ certificate, chain }: CacertsFacts): string | undefined {
  const own = certificatesIn(certificate)[0]?.fingerprint256;
  const above = certificatesIn(chain).filter(({ fingerprint256 }) => fingerprint256 !== own);
  return above.length === 0 ? undefined : above.map(String).join("");
}
