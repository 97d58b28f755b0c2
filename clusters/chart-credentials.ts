import { ConfigError, type Problem } from "../mesh/problems";
import type { ChartSource } from "../mesh/schema";

/**
 * The credentials of a private Helm repository; undefined where it takes everyone.
 * @throws ConfigError when an environment variable is not set.
 */
export function chartCredentials(
  { username, password }: Extract<ChartSource, { repository: string }>,
  setting: string,
): { username: string; password: string } | undefined {
  if (username === undefined || password === undefined) return undefined;
  const problems: Problem[] = [];
  const textOf = (credential: typeof username, key: string) => {
    if (typeof credential === "string") return credential;
    const { env } = credential.valueFrom;
    const value = process.env[env];
    if (value) return value;
    const message = "There is no such environment variable, or nothing in it.";
    const remedy = "Set it wherever `pulumi` runs.";
    problems.push({ path: `${setting}.${key}.valueFrom.env`, value: env, message, remedy });
    return "";
  };
  const credentials = { username: textOf(username, "username"), password: textOf(password, "password") };
  if (problems.length > 0) throw new ConfigError(problems);
  return credentials;
}
