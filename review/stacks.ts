/** Which stacks a change touches. Pure. */

/**
 * What no `pulumi up` reads. Everything else may change every stack: a folder that is new here is previewed, not forgotten.
 * A test follows the imports of index.ts and of the policy pack to see that none of it is listed.
 */
const inert = [
  /^(\.ci|\.github|bench|docs|examples|lab|operate|review|test)\//,
  /\.md$/,
  /^(LICENSE|\.editorconfig|\.gitattributes|\.gitignore|\.prettierignore|\.prettierrc\.json)$/,
  /^(eslint\.config\.mjs|jest\.config\.js|renovate\.json)$/,
];

/** `Pulumi.prod.yaml`: `prod`. */
export function stackOf(file: string): string | undefined {
  return /^Pulumi\.([^/]+)\.yaml$/.exec(file)?.[1];
}

/**
 * @param changed paths from the project's folder.
 * @param stacks all there are.
 * @returns those of `stacks` that an `up` could change, sorted.
 */
export function stacksTouched(changed: string[], stacks: string[]): string[] {
  const program = changed.some(
    (file) => stackOf(file) === undefined && !inert.some((pattern) => pattern.test(file)),
  );
  const own = new Set(changed.map(stackOf));
  return stacks.filter((stack) => program || own.has(stack)).sort();
}
