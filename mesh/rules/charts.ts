/** Credentials for charts. */
import type { Problem } from "../problems";
import type { ChartSource } from "../schema";
import type { Draft } from "../draft";

export function chartProblems({ mesh: { config } }: Draft): Problem[] {
  return [
    ...problemsOf("weft:mesh.istio.charts", config.istio.charts),
    ...(config.loadBalancer ? problemsOf("weft:mesh.loadBalancer.charts", config.loadBalancer.charts) : []),
  ];
}

function problemsOf(path: string, charts: ChartSource): Problem[] {
  if ("path" in charts) return [];
  const kind = "oci" in charts ? "oci" : "repository";
  const { username, password, host } = new URL("oci" in charts ? charts.oci : charts.repository);
  const given = (["username", "password"] as const).filter((key) => charts[key] !== undefined);
  const problems: Problem[] = [];
  if (username !== "" || password !== "") {
    problems.push({
      path: `${path}.${kind}`,
      value: "(a URL with credentials)",
      message: "A URL is kept in plain text, and whoever reads the state reads the credentials in it.",
      remedy:
        kind === "oci"
          ? `Take them out, and run \`helm registry login ${host}\` before \`pulumi\`.`
          : `Take them out, and set ${path}.username and ${path}.password with \`pulumi config set --secret --path\`.`,
    });
  }
  if (kind === "oci" && given.length > 0) {
    problems.push({
      path: `${path}.${given[0]}`,
      value: "(secret)",
      message:
        "Pulumi's kubernetes provider does not log in to an OCI registry (pulumi-kubernetes#1914): it would ask without them.",
      remedy: `Take them out, and run \`helm registry login ${host}\` before \`pulumi\`: the provider reads what that leaves.`,
    });
  } else if (given.length === 1) {
    const missing = given[0] === "username" ? "password" : "username";
    problems.push({
      path: `${path}.${missing}`,
      message: `Required, because there is a ${given[0]}: Helm sends both or none.`,
      remedy: `\`pulumi config set --secret --path '${path}.${missing}'\`, or \`valueFrom: {env: …}\`.`,
    });
  }
  return problems;
}
