/** Names tell the members apart. */
import type { Problem } from "../problems";
import type { Draft } from "../draft";

export function nameProblems({ names }: Draft): Problem[] {
  return names.flatMap(({ path, name }, index) => {
    const first = names.findIndex((other) => other.name === name);
    if (first === index) return [];
    return {
      path: `${path}.name`,
      value: name,
      message: `${names[first]!.path} has the same name.`,
      remedy: "Give each member a name of its own.",
    };
  });
}
